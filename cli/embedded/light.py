"""`--broker light`: the Kafka-protocol broker inside librdkafka, for where Kafka cannot run.

`python -m cli.embedded.light TOPIC...` prints its address and serves until SIGTERM, or until the
process that started it is gone.
"""

import os
import re
import signal
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from threading import Event
from typing import ClassVar

from attune.errors import ConfigurationError
from cli.embedded.process import Child, Launch
from cli.embedded.report import Step
from cli.embedded.service import Service

WHAT_IT_IS = (
    "light broker: not Apache Kafka but librdkafka's stand-in; keeps everything in memory only, "
    "and a consumer group has one member"
)
_ADDRESS = re.compile(r"^listening on (\S+)$", re.MULTILINE)
_PARENT_CHECK = 1.0  # seconds; only where the kernel does not tell (not Linux)


class Light(Service):
    """A broker that forgets everything when it ends, and then has another address."""

    name: ClassVar[str] = "Light broker"

    def __init__(self, topics: Iterable[str]) -> None:
        self._topics = tuple(topics)
        self._endpoint = ""

    @property
    def endpoint(self) -> str:
        """See `Service.endpoint`."""
        return self._endpoint

    def prepare(self, step: Step) -> None:
        """See `Service.prepare`."""
        if find_spec("confluent_kafka") is None:
            raise ConfigurationError(
                "`--broker light` needs the `embedded` extra: install attune-engine[embedded]"
            )
        step.note(WHAT_IT_IS)

    def launch(self) -> Launch:
        """See `Service.launch`."""
        project = Path(__file__).parents[2]  # `-m` looks here first, whoever runs it
        return Launch([sys.executable, "-m", "cli.embedded.light", *self._topics], cwd=project)

    def is_ready(self, child: Child) -> bool:
        """See `Service.is_ready`."""
        found = _ADDRESS.search(child.output())
        self._endpoint = found[1] if found else ""
        return bool(found)


def main(topics: Iterable[str]) -> None:
    """Serve until told to stop.

    It cannot be asked to create topics: each is made, of four partitions, when a producer first
    asks for it. So we ask.
    """
    from confluent_kafka import Producer  # noqa: PLC0415  (in the `embedded` extra: may be absent)

    parent, stopped = os.getppid(), Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    broker = Producer({"test.mock.num.brokers": 1})
    for topic in topics:
        broker.list_topics(topic, timeout=10)
    (address,) = broker.list_topics(timeout=10).brokers.values()
    print(f"listening on {address.host}:{address.port}", flush=True)  # noqa: T201  (its answer)
    while os.getppid() == parent and not stopped.wait(_PARENT_CHECK):
        pass


if __name__ == "__main__":
    main(sys.argv[1:])
