import asyncio
import gzip
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import httpx
import pytest
import typer
from typer.testing import CliRunner

import cli.replay
from api.application import Application
from api.collect import routes
from attune.collect.event import Event, Product
from attune.errors import Unavailable
from attune.settings import Collect
from cli.formats.rows import BadRow, NotThisFormat
from cli.playback import OnError, Options, Summary, replay
from cli.sending import ATTEMPTS

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SAMPLE = Path(__file__).parents[4] / "shared" / "data" / "rees46_2019-10-01_sample.csv"
HEADING = (
    "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session"
)
TIME = "2019-10-01 00:00:00 UTC"
VIEW = f"{TIME},view,p1,c1,toys.cars,acme,35.79,u1,s1"


class Log:
    """An event log that takes its time, and may be away for the first few appends."""

    def __init__(self, away: int = 0) -> None:
        self.events: list[Event] = []
        self.away = away
        self._busy: set[str | None] = set()

    async def append(self, events: Sequence[Event]) -> None:
        if self.away:
            self.away -= 1
            raise Unavailable("Kafka", "no broker answers", retry_after=30)
        users = {event.user_id for event in events}
        assert not users & self._busy, "a visitor's events are in two requests at once"
        self._busy |= users
        await asyncio.sleep(0.001 * (len(events) % 3))
        self._busy -= users
        self.events.extend(events)


def collector(log: Log) -> httpx.AsyncBaseTransport:
    numbers = count()
    settings = Collect(write_keys={"wk": "shop"})
    application = Application(routes(log, settings, lambda: NOW, lambda: f"{next(numbers)}"))
    return httpx.ASGITransport(application)


class Sleeps(list[float]):
    """A clock's hand that nobody waits for."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)
        await asyncio.sleep(0)


async def replayed(
    options: Options,
    transport: httpx.AsyncBaseTransport,
    sleep: Sleeps | None = None,
    write_key: str = "wk",
) -> Summary:
    async with httpx.AsyncClient(
        transport=transport, base_url="http://attune", auth=(write_key, "")
    ) as client:
        return await replay(options, client, sleep=sleep if sleep is not None else Sleeps())


def written(folder: Path, *rows: str) -> Path:
    path = folder / "events.csv"
    path.write_text("\n".join((HEADING, *rows)) + "\n")
    return path


# --- rows become events --------------------------------------------------------------------------


async def test_a_row_becomes_the_event_that_it_tells_of(tmp_path: Path) -> None:
    log = Log()
    path = written(
        tmp_path,
        VIEW,
        f"{TIME},cart,p1,c1,,,35.79,u1,s1",
        f"{TIME},remove_from_cart,p1,c1,,,35.79,u1,s1",
        f"{TIME},purchase,p1,c1,toys.cars,acme,0.10,u1,s1",
    )

    summary = await replayed(Options(path), collector(log))

    assert (summary.rows, summary.accepted, summary.clean) == (4, 4, True)
    view, cart, removed, order = log.events
    assert view.commerce
    assert cart.commerce
    assert removed.commerce
    assert order.commerce
    assert (view.user_id, view.timestamp) == ("u1", datetime(2019, 10, 1, tzinfo=UTC))
    assert view.commerce.products == (Product("p1", "toys.cars", "acme", 35_790_000),)
    assert view.properties["session_id"] == "s1"
    assert view.properties["category_id"] == "c1"
    assert view.properties["price"] == "35.79"
    assert cart.commerce.action == "added"
    assert cart.commerce.products == (Product("p1", price_micros=35_790_000),)
    assert removed.commerce.action == "removed"
    assert (order.commerce.action, order.commerce.revenue_micros) == ("purchased", 100_000)
    assert order.commerce.products == (Product("p1", "toys.cars", "acme", 100_000),)


async def test_two_equal_rows_are_two_events_and_a_file_sent_again_is_none(tmp_path: Path) -> None:
    log = Log()
    path = written(tmp_path, VIEW, VIEW)
    packed = tmp_path / "other.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))

    for options in (Options(path), Options(path), Options(packed)):
        await replayed(options, collector(log))

    ids = [event.id for event in log.events]
    assert len(ids) == 6
    assert len(set(ids)) == 2
    assert ids[0].startswith("rees46-")
    assert [found.rsplit("-")[-1] for found in ids[:2]] == ["2", "3"]


async def test_columns_may_stand_in_any_order_among_others(tmp_path: Path) -> None:
    log = Log()
    path = tmp_path / "events.csv"
    names = [*reversed(HEADING.split(",")), "extra"]
    path.write_text(",".join(names) + "\r\n" + ",".join([*reversed(VIEW.split(",")), "x"]))

    await replayed(Options(path), collector(log))

    assert log.events[0].user_id == "u1"


async def test_all_times_move_together(tmp_path: Path) -> None:
    log = Log()
    path = written(tmp_path, VIEW.replace("00:00:00", "00:01:00"), VIEW, "bad")

    summary = await replayed(Options(path, shift_to=NOW), collector(log))

    assert summary.accepted == 2
    assert [event.timestamp for event in log.events] == [NOW, NOW.replace(hour=11, minute=59)]
    await replayed(Options(path), collector(log))
    assert len({event.id for event in log.events}) == 4


# --- order and speed -----------------------------------------------------------------------------


async def test_a_visitors_events_arrive_in_the_order_of_the_file(tmp_path: Path) -> None:
    log = Log()
    rows = [VIEW.replace("u1", f"u{n % 37}") for n in range(2000)]

    await replayed(Options(written(tmp_path, *rows)), collector(log))

    assert len(log.events) == 2000
    for user in range(37):
        lines = [
            int(event.id.rsplit("-")[-1]) for event in log.events if event.user_id == f"u{user}"
        ]
        assert lines == sorted(lines)


async def test_speed_spaces_the_events(tmp_path: Path) -> None:
    sleeps = Sleeps()

    await replayed(Options(written(tmp_path, *[VIEW] * 4), speed=0.1), collector(Log()), sleeps)

    assert sleeps == pytest.approx([10, 20, 30], abs=1)


async def test_a_limit_ends_the_replay(tmp_path: Path) -> None:
    summary = await replayed(Options(written(tmp_path, *[VIEW] * 5), limit=3), collector(Log()))

    assert (summary.rows, summary.accepted, summary.clean) == (3, 3, True)


# --- bad input -----------------------------------------------------------------------------------


async def test_bad_rows_are_named_and_the_others_are_sent(tmp_path: Path) -> None:
    log = Log()
    path = written(
        tmp_path,
        VIEW,
        VIEW.replace("view", "wish"),
        VIEW.replace(TIME, "yesterday"),
        VIEW.replace("2019-10-01", "2019-13-01"),
        VIEW.replace("u1", ""),
        VIEW.replace("p1", ""),
        VIEW + ",more",
        f"{TIME},view,p1",
        "",
        VIEW.replace("35.79", "-1"),
        VIEW.replace("acme", '"acme'),
        f"{TIME},view,p1,c1,,,35.79,u1",
    )
    with path.open("ab") as file:
        file.write(VIEW.replace("acme", "?").encode().replace(b"?", b"\xff") + b"\n")

    summary = await replayed(Options(path), collector(log))

    assert (summary.rows, summary.accepted, summary.rejected, summary.bad_rows) == (13, 3, 1, 9)
    assert not summary.clean
    reasons = {problem.line: problem.reason for problem in summary.problems}
    assert reasons[3] == ('event_type is "wish", not one of view, cart, remove_from_cart, purchase')
    assert reasons[4].startswith('event_time is "yesterday"')
    assert reasons[5].startswith('event_time is "2019-13-01')
    assert reasons[6] == "user_id is empty"
    assert reasons[7] == "product_id is empty"
    assert reasons[8] == "10 fields instead of 9"
    assert reasons[9].startswith("3 fields instead of 9: no category_id, category_code")
    assert reasons[10] == "the line is empty"
    assert reasons[14] == "the line is not UTF-8"
    assert reasons[11] == "properties.price is negative"


async def test_stop_reads_no_further_than_the_first_problem(tmp_path: Path) -> None:
    path = written(tmp_path, VIEW, "bad", *[VIEW] * 1000)

    summary = await replayed(Options(path, on_error=OnError.STOP), collector(Log()))

    assert (summary.rows, summary.accepted, summary.bad_rows) == (2, 1, 1)
    assert summary.stopped
    assert not summary.clean


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", HEADING.replace("price", "cost").encode()])
async def test_a_file_without_the_columns_is_refused_in_one_line(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "events.csv"
    path.write_bytes(content)

    with pytest.raises(NotThisFormat, match=r"does not name the columns .*price"):
        await replayed(Options(path), collector(Log()))


async def test_what_is_no_gzip_is_refused_and_what_is_cut_off_is_sent_so_far(
    tmp_path: Path,
) -> None:
    packed = tmp_path / "events.csv.gz"
    packed.write_bytes(b"plain")
    with pytest.raises(NotThisFormat, match="cannot be read"):
        await replayed(Options(packed), collector(Log()))

    rows = [VIEW.replace("p1", f"p{n * 7919 % 10_007}") for n in range(5000)]
    packed.write_bytes(gzip.compress("\n".join((HEADING, *rows)).encode())[:-100])
    summary = await replayed(Options(packed), collector(Log()))
    assert 1000 < summary.accepted == summary.rows < 5000
    assert "cannot be read any further" in str(summary.stopped)
    assert not summary.clean


# --- the collector -------------------------------------------------------------------------------


async def test_a_collector_that_is_away_is_tried_again_when_it_asks_to_be(tmp_path: Path) -> None:
    log, sleeps = Log(away=3), Sleeps()

    summary = await replayed(Options(written(tmp_path, VIEW)), collector(log), sleeps)

    assert summary.clean
    assert len(log.events) == 1
    assert sleeps == [30, 30, 30]


async def test_a_collector_that_stays_away_is_given_up(tmp_path: Path) -> None:
    sleeps = Sleeps()

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused", request=request)

    path = written(tmp_path, VIEW)
    summary = await replayed(Options(path), httpx.MockTransport(refuse), sleeps)

    assert summary.accepted == 0
    assert "no answer from http://attune: connection refused" in str(summary.stopped)
    assert len(sleeps) == ATTEMPTS - 1
    assert max(sleeps) <= 10


async def test_a_wrong_key_stops_at_once_with_the_collectors_words(tmp_path: Path) -> None:
    summary = await replayed(
        Options(written(tmp_path, VIEW)), collector(Log()), write_key="no such key"
    )

    assert "401: the write key is not known here" in str(summary.stopped)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, json={"success": True}),
        httpx.Response(200, json={"accepted": 0, "rejected": []}),
        httpx.Response(404, text="<html>"),
        httpx.Response(500, json={"error": {"message": "broken"}}),
        httpx.Response(400, json=[]),
    ],
)
async def test_what_answers_otherwise_is_no_collector_of_ours(
    tmp_path: Path, answer: httpx.Response
) -> None:
    transport = httpx.MockTransport(lambda _: answer)

    summary = await replayed(Options(written(tmp_path, VIEW)), transport)

    assert summary.stopped
    assert not summary.clean


# --- the command ---------------------------------------------------------------------------------


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> typer.Typer:
    monkeypatch.chdir(tmp_path)  # away from an .attune/env of this checkout
    app = typer.Typer()
    app.command()(cli.replay.command)
    return app


FINE = Summary(rows=3, accepted=3, rejected=0, bad_rows=0, problems=(), seconds=2.0, stopped=None)


def summarised(monkeypatch: pytest.MonkeyPatch, summary: Summary) -> None:
    """Let the command find this summary instead of a collector."""

    async def stub(*_: object, **__: object) -> Summary:
        return summary

    monkeypatch.setattr(cli.replay, "replay", stub)


def test_the_command_ends_with_0_when_all_is_well(
    app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summarised(monkeypatch, FINE)

    result = CliRunner().invoke(app, [str(written(tmp_path)), "--write-key", "wk"])

    assert result.exit_code == 0
    assert result.stdout == "3 rows: 3 accepted, 0 rejected, 0 bad; 2.0 s, 2 events/s\n"


def test_the_command_ends_with_1_and_names_what_was_wrong(
    app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    problems = tuple(BadRow(line, "because") for line in range(2, 12))
    summary = replace(FINE, rejected=5, bad_rows=12, problems=problems, stopped="enough")
    summarised(monkeypatch, summary)

    result = CliRunner().invoke(app, [str(written(tmp_path)), "--write-key", "wk"])

    assert result.exit_code == 1
    assert "  line 11: because\n  and 7 more\nNot all was sent: enough" in result.stdout


def test_the_summary_can_be_json(
    app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summarised(monkeypatch, replace(FINE, problems=(BadRow(2, "because"),)))

    result = CliRunner().invoke(app, [str(written(tmp_path)), "--write-key", "wk", "--json"])

    found = json.loads(result.stdout)
    assert (found["accepted"], found["rate"]) == (3, 1.5)
    assert found["problems"] == [{"line": 2, "reason": "because"}]


@pytest.mark.parametrize(
    "arguments",
    [
        ["nowhere.csv"],
        ["events.csv"],  # no write key is configured
        ["events.csv", "--write-key", "wk", "--speed", "-1"],
        ["events.csv", "--write-key", "wk", "--speed", "fast"],
        ["events.csv", "--write-key", "wk", "--limit", "0"],
        ["events.csv", "--write-key", "wk", "--format", "other"],
        ["empty.csv", "--write-key", "wk"],
    ],
)
def test_the_command_ends_with_2_when_it_cannot_begin(
    app: typer.Typer, tmp_path: Path, arguments: list[str]
) -> None:
    written(tmp_path, VIEW)
    (tmp_path / "empty.csv").touch()

    assert CliRunner().invoke(app, arguments).exit_code == 2


# --- the real file -------------------------------------------------------------------------------


@pytest.mark.skipif(not SAMPLE.exists(), reason="the REES46 sample is not on this machine")
async def test_every_row_of_the_real_file_is_one_event() -> None:
    log = Log()

    summary = await replayed(Options(SAMPLE), collector(log))

    assert summary.clean
    assert (summary.rows, len(log.events)) == (17_435, 17_435)
    assert len({event.id for event in log.events}) == 17_435
    actions = [event.commerce.action for event in log.events if event.commerce]
    assert (actions.count("viewed"), actions.count("added")) == (17_056, 165)
    assert actions.count("purchased") == 214
    assert len({event.user_id for event in log.events}) == 4505
