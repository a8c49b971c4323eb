"""Apache Kafka in KRaft mode: broker and controller in one Java process."""

import asyncio
import base64
import os
import uuid
from pathlib import Path
from typing import ClassVar

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from cli.embedded import jars, java
from cli.embedded.ports import LOOPBACK, accepts
from cli.embedded.process import Child, Launch, run
from cli.embedded.report import Step
from cli.embedded.service import Service, create_once

_LOG4J = """\
<?xml version="1.0" encoding="UTF-8"?>
<Configuration status="ERROR">
  <Appenders>
    <Console name="stdout"><PatternLayout pattern="%d %p %m (%c)%n"/></Console>
  </Appenders>
  <Loggers><Root level="WARN"><AppenderRef ref="stdout"/></Root></Loggers>
</Configuration>
"""


class Kafka(Service):
    """Keeps its data in `kafka/` of the data directory."""

    name: ClassVar[str] = "Kafka"

    def __init__(self, data: Path, port: int, controller_port: int) -> None:
        self._home = data / "kafka"
        self._port = port
        self._controller_port = controller_port
        self._java = ""
        self._jars: list[Path] = []

    @property
    def endpoint(self) -> str:
        """See `Service.endpoint`."""
        return f"{LOOPBACK}:{self._port}"

    def prepare(self, step: Step) -> None:
        """See `Service.prepare`."""
        self._java = java.find()
        self._jars = jars.ensure(step)
        step.note(f"Apache Kafka {jars.KAFKA_VERSION}")
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self._home / "log4j2.xml").write_text(_LOG4J)
        create_once(self._log, self._format)
        self._properties.write_text(render(self._log, self._port, self._controller_port))

    def _format(self, place: Path) -> None:
        """Give the empty log directory a cluster id, and this node as its only voter."""
        properties = self._home / "format.properties"
        properties.write_text(render(place, self._port, self._controller_port))
        # With `=`, because one in 64 begins with a dash, which looks like an option.
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        command = ("kafka.tools.StorageTool", "format", "--standalone", f"--cluster-id={cluster}")
        run("Formatting Kafka's log", Launch(self._command(*command, "-c", str(properties))))
        properties.unlink()

    def launch(self) -> Launch:
        """See `Service.launch`."""
        return Launch(self._command("kafka.Kafka", str(self._properties)), cwd=self._home)

    def _command(self, *main: str) -> list[str]:
        return [
            self._java,
            "-Xms256m",
            "-Xmx512m",
            "-XX:-UsePerfData",  # leaves a file in /tmp behind when killed
            f"-Dlog4j2.configurationFile={self._home / 'log4j2.xml'}",
            "-cp",
            os.pathsep.join(map(str, self._jars)),
            *main,
        ]

    def is_ready(self, child: Child) -> bool:  # noqa: ARG002  (others ask the child)
        """See `Service.is_ready`: the port opens before the controller lets the broker in."""
        return accepts(self._port) and asyncio.run(_has_brokers(self.endpoint))

    @property
    def _log(self) -> Path:
        return self._home / "log"

    @property
    def _properties(self) -> Path:
        return self._home / "server.properties"


async def _has_brokers(endpoint: str) -> bool:
    admin = AIOKafkaAdminClient(bootstrap_servers=endpoint, request_timeout_ms=2000)
    try:
        await admin.start()
        cluster = await admin.describe_cluster()
    except (KafkaError, OSError):
        return False
    finally:
        await admin.close()
    return bool(cluster["brokers"])


def render(log: Path, port: int, controller_port: int) -> str:
    """Return server.properties for one node that is broker and controller."""
    properties = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.bootstrap.servers": f"{LOOPBACK}:{controller_port}",
        "listeners": f"PLAINTEXT://{LOOPBACK}:{port},CONTROLLER://{LOOPBACK}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": log,
        "offsets.topic.replication.factor": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "min.insync.replicas": 1,
        "auto.create.topics.enable": "false",  # a mistyped topic is an error, not a new topic
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 1000,  # a member that was killed is given up sooner
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.num.partitions": 2,
        # After SIGKILL the new broker waits until its own old registration has expired: 13 s
        # with the defaults, 5 s with these.
        "broker.session.timeout.ms": 1500,
        "broker.heartbeat.interval.ms": 250,
    }
    return "".join(f"{name}={value}\n" for name, value in properties.items())
