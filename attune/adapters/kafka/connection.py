"""What aiokafka's connections need on uvloop."""

from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError

_plain_send = AIOKafkaConnection.send


def survive_closing() -> None:
    """Have a connection that closes under a request be one that broke, also on uvloop.

    Writing to it then, asyncio does nothing and uvloop raises a RuntimeError, for which aiokafka
    0.14 is not prepared: the task that keeps a client's metadata ends for good, and with it all
    that the client was for.
    """
    AIOKafkaConnection.send = _send


def _send(connection: AIOKafkaConnection, *arguments: Any, **more: Any) -> Any:  # noqa: ANN401 - aiokafka's
    try:
        return _plain_send(connection, *arguments, **more)
    except RuntimeError as error:
        connection.close(reason=CloseReason.CONNECTION_BROKEN)
        raise KafkaConnectionError(str(error)) from error
