"""How far a consumer group is, seen from outside: the role under test is left as it ships."""

import time
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

import psutil
from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from harness import BenchmarkFailed
from marks import Mark

from attune.settings import Kafka
from cli.embedded.process import Child

_TIMEOUT = 10.0  # seconds of one question to the broker
_EVERY = 0.02  # seconds between two looks: a thousandth of what is measured


class Group:
    """A consumer group and the topics it reads."""

    def __init__(self, kafka: Kafka, name: str, topics: Iterable[str]) -> None:
        self._name = kafka.topic_prefix + name
        self._address: dict[str, str | int | float | bool] = {"bootstrap.servers": kafka.brokers}
        self._consumer = Consumer(
            {**self._address, "group.id": self._name, "enable.auto.commit": False}
        )
        self._places = [
            TopicPartition(kafka.topic_prefix + topic, partition)
            for topic in topics
            for partition in range(kafka.partitions)
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._consumer.close()

    def done(self) -> int:
        """Return how many events the group has committed; 0 while the broker cannot say."""
        try:
            places: list[Any] = self._consumer.committed(self._places, timeout=_TIMEOUT)
        except KafkaException:  # a young broker has no coordinator yet; `watch` bounds the wait
            return 0
        return sum(max(0, place.offset) for place in places)

    def forget(self) -> None:
        """Let the group begin anew; nobody may be in it."""
        admin = AdminClient(self._address)
        for future in admin.delete_consumer_groups([self._name]).values():
            try:
                future.result(_TIMEOUT)
            except KafkaException as error:
                raise BenchmarkFailed(f"group {self._name} stays: {error}") from error

    def watch(self, child: Child, count: int, timeout: float) -> list[Mark]:
        """Return when how many were committed, until it is `count`; CPU is the child's.

        Raises:
            BenchmarkFailed: the child ended, or is not done in `timeout` seconds.
        """
        process = psutil.Process(child.pid)
        marks: list[Mark] = []
        until = time.monotonic() + timeout
        while not marks or marks[-1].events < count:
            if child.ended():
                raise BenchmarkFailed(child.last_words())
            if time.monotonic() > until:
                at = marks[-1].events if marks else 0
                raise BenchmarkFailed(f"{at:,} of {count:,} events after {timeout:.0f} s")
            done = self.done()
            if done and (not marks or done > marks[-1].events):
                used = process.cpu_times()
                marks.append(Mark(done, time.perf_counter(), used.user + used.system))
            time.sleep(_EVERY)
        return marks
