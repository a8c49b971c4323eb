"""Contender of `freshness.p99`: a bare aiokafka round trip, from `send` to the consumer's hands.

One event at a time, at a steady pace, through a topic of its own with one partition; producer and
consumer are in one process, set as Attune sets its own. Prints the milliseconds of each.
"""

import asyncio
import json
import struct
import sys
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

_SENT = struct.Struct("<d")
_PADDING = bytes(300)  # an event of ours has about so many bytes
_WARM = 20  # round trips of connections that are new


async def main(brokers: str, topic: str, a_second: float, seconds: float) -> None:
    """Send `a_second` messages a second for so many seconds, and print how long each took."""
    admin = AIOKafkaAdminClient(bootstrap_servers=brokers)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1)])
    await admin.close()
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=brokers, auto_offset_reset="earliest", fetch_max_wait_ms=100
    )
    producer = AIOKafkaProducer(bootstrap_servers=brokers, acks="all", enable_idempotence=True)
    await consumer.start()
    await producer.start()
    try:
        count = _WARM + round(a_second * seconds)
        taking = asyncio.create_task(_take(consumer, count))
        sending = [asyncio.create_task(_send(producer, topic, n / a_second)) for n in range(count)]
        await asyncio.gather(*sending)
        print(json.dumps({"ms": (await taking)[_WARM:]}), flush=True)
    finally:
        await producer.stop()
        await consumer.stop()


async def _send(producer: AIOKafkaProducer, topic: str, wait: float) -> None:
    await asyncio.sleep(wait)
    await producer.send_and_wait(topic, _SENT.pack(time.perf_counter()) + _PADDING)


async def _take(consumer: AIOKafkaConsumer, count: int) -> list[float]:
    found: list[float] = []
    async for message in consumer:
        found.append(1000 * (time.perf_counter() - _SENT.unpack_from(message.value)[0]))
        if len(found) == count:
            break
    return found


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])))
