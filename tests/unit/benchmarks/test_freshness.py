import asyncio

import freshness
import pytest
from http_load import Client, Reply


def test_a_99th_percentile_is_what_one_in_a_hundred_exceeds() -> None:
    assert freshness.quantiles([float(n) for n in range(1, 101)]) == (50.5, 100.0)
    assert freshness.quantiles([3.0, 1.0, 2.0]) == (2.0, 3.0)


def test_the_result_is_three_times_the_bare_round_trip_over_ours() -> None:
    one = freshness.Round(visible=[10.0], answers=[2.0], bare=[5.0], accepted=2000, seconds=2.0)

    found = freshness.result([one])

    assert found.ratio == 1.5
    assert "1,000 events/s accepted" in found.note


async def test_paced_work_does_not_wait_for_what_is_under_way() -> None:
    running = most = 0

    async def slow() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.2)
        running -= 1

    await freshness.paced(100, 0.1, slow)

    assert most == 10
    assert running == 0


@pytest.mark.enable_socket
async def test_the_client_keeps_its_connection() -> None:
    opened = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(writer)
        for _ in range(2):
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.partition(b"content-length: ")[2].split()[0])
            body = await reader.readexactly(length)
            writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: %d\r\n\r\n%b" % (length, body))
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        client = Client("127.0.0.1", server.sockets[0].getsockname()[1], "wk")
        replies = [await client.post("/v1/track", [number]) for number in (1, 2)]
        await client.close()

    assert replies == [Reply(202, b"[1]"), Reply(202, b"[2]")]
    assert len(opened) == 1
