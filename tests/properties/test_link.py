"""No reply reaches another request, wherever replies are cut and whoever gives up."""

import asyncio
from contextlib import suppress

import hiredis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune.adapters.link import Link
from attune.errors import Unavailable

TIMEOUT = 0.002


class Server(asyncio.Transport):
    """Answers each command with its argument, when it is told to and in pieces."""

    def __init__(self) -> None:
        super().__init__()
        self._commands = hiredis.Reader()
        self._replies = bytearray()
        self.writes = 0
        self.ended = asyncio.Event()

    def write(self, data: bytes) -> None:
        self.writes += 1
        self._commands.feed(data)
        while (command := self._commands.gets()) is not False:
            self._replies += b"$%d\r\n%b\r\n" % (len(command[1]), command[1])

    def abort(self) -> None:
        self.ended.set()

    def piece(self, size: int) -> bytes:
        piece = bytes(self._replies[:size])
        del self._replies[:size]
        return piece


def echo(text: str) -> bytes:
    return hiredis.pack_command(("ECHO", text))


async def reply(link: Link, texts: list[str]) -> list[str] | None:
    """What came for these texts; None where nothing did."""
    try:
        if len(texts) == 1:
            found = await link.ask(echo(texts[0]))
        else:
            found = await link.send([echo(text) for text in texts])
    except Unavailable:
        return None
    return [each.decode() for each in found]


SENT = st.tuples(st.just("send"), st.integers(1, 4))
ASKED = st.tuples(st.just("ask"), st.integers(0, 2))
STEPS = st.lists(
    st.one_of(
        SENT,
        ASKED,
        st.tuples(st.just("cancel"), st.integers(0, 30)),
        st.tuples(st.just("receive"), st.integers(1, 60)),
        st.tuples(st.just("tick"), st.just(0)),
        st.tuples(st.just("wait"), st.just(0)),
    ),
    max_size=30,
)


@given(STEPS)
def test_every_reply_reaches_who_asked_for_it_or_nobody(steps: list[tuple[str, int]]) -> None:
    asyncio.run(_played(steps))


async def _played(steps: list[tuple[str, int]]) -> None:
    server, link = Server(), Link(TIMEOUT)
    link.connection_made(server)
    asked: list[tuple[list[str], asyncio.Task[list[str] | None]]] = []
    for number, (step, size) in enumerate(steps):
        if step == "send":
            texts = [f"{number}.{part}" for part in range(size)]
            asked.append((texts, asyncio.create_task(reply(link, texts))))
        elif step == "ask":
            asked.append(([f"same {size}"], asyncio.create_task(reply(link, [f"same {size}"]))))
        elif step == "cancel" and asked:
            asked[size % len(asked)][1].cancel()
        elif step == "receive":
            link.data_received(server.piece(size))
        elif step == "tick":
            await _sent()
        elif step == "wait" and asked:
            await asyncio.wait({task for _, task in asked})
    await _sent()
    while piece := server.piece(7):
        link.data_received(piece)
    for texts, task in asked:
        with suppress(asyncio.CancelledError):
            assert await task in (texts, None)

    assert await _answered(server, link) == ["after"]
    assert not server.ended.is_set()


async def _sent() -> None:
    """A turn for those who ask, and one for what they have asked to be written."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def test_what_is_asked_in_one_tick_is_one_write_and_the_same_question_one_command() -> None:
    server, link = Server(), Link(1.0)
    link.connection_made(server)

    asked = [asyncio.create_task(reply(link, [text])) for text in ("ada", "bob", "ada", "ada")]
    await _sent()
    link.data_received(b"$3\r\nada\r\n$3\r\nbob\r\n")

    assert await asyncio.gather(*asked) == [["ada"], ["bob"], ["ada"], ["ada"]]
    assert server.writes == 1
    again = asyncio.create_task(reply(link, ["ada"]))
    await _sent()
    assert server.writes == 2
    link.drop("done")
    assert await again is None


async def test_who_shares_a_question_and_gives_up_takes_the_answer_from_nobody() -> None:
    server, link = Server(), Link(1.0)
    link.connection_made(server)
    first, second = (asyncio.create_task(reply(link, ["ada"])) for _ in range(2))
    await _sent()

    first.cancel()
    link.data_received(server.piece(100))

    assert await second == ["ada"]


async def test_who_comes_after_one_who_has_gone_waits_no_longer_than_their_own_time() -> None:
    server, link = Server(), Link(TIMEOUT)
    link.connection_made(server)
    gone = asyncio.create_task(reply(link, ["gone"]))
    await _sent()
    gone.cancel()
    await asyncio.sleep(20 * TIMEOUT)  # it has been looked at, and nobody waits

    assert await asyncio.wait_for(reply(link, ["next"]), 1) is None


async def test_behind_one_who_waited_in_vain_others_are_refused_until_the_reply_is_there() -> None:
    server, link = Server(), Link(TIMEOUT)
    link.connection_made(server)
    assert await reply(link, ["slow"]) is None

    with pytest.raises(Unavailable, match="no answer within"):
        link.send([echo("next")])

    link.data_received(server.piece(100))
    assert await _answered(server, link) == ["after"]


async def _answered(server: Server, link: Link) -> list[str]:
    """The answer to a last question, asked again where this machine was too slow for it."""
    async with asyncio.timeout(10):
        while True:
            asked = asyncio.create_task(reply(link, ["after"]))
            await _sent()
            link.data_received(server.piece(100))
            if found := await asked:
                return found


async def test_a_connection_from_which_nothing_comes_is_given_up() -> None:
    server, link = Server(), Link(TIMEOUT, patience=0.01)
    link.connection_made(server)

    assert await reply(link, ["slow"]) is None
    await asyncio.wait_for(server.ended.wait(), 1)

    assert link.lost == "not a byte within 0.01 s"
