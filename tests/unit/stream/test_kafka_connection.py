"""A connection that closes under a request is a broken one, whatever loop it runs on."""

import asyncio

import pytest
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from attune.adapters.kafka.connection import survive_closing


class Closed:
    """uvloop's writer of a connection that has just closed."""

    def write(self, _: bytes) -> None:
        raise RuntimeError("unable to perform operation on <TCPTransport closed=True>")

    def close(self) -> None:
        pass


async def test_a_request_on_a_connection_that_closed_fails_as_on_any_broken_one() -> None:
    survive_closing()
    survive_closing()  # the second client of a process
    connection = AIOKafkaConnection("kafka", 9092)
    connection._writer = Closed()  # noqa: SLF001 - where aiokafka keeps it
    connection._versions = {MetadataRequest.API_KEY: (0, 5)}  # noqa: SLF001 - as if a broker had told

    with pytest.raises(KafkaConnectionError, match="TCPTransport closed"):
        connection.send(MetadataRequest([]))

    assert not connection.connected()
    assert asyncio.all_tasks() == {asyncio.current_task()}
