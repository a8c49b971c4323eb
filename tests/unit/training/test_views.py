"""What analysts read is what the stream counts: the views against the features, and the CLI."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from making import NOON, Tape, event, histories, shopped, taken
from typer.testing import CliRunner

from attune.adapters.archive.analysis import ask, write_views
from attune.adapters.archive.reader import Archive
from attune.adapters.archive.writer import ArchiveWriter
from attune.collect.event import Commerce, Event, Exposure, Kind, Product
from attune.errors import BadRequest, ConfigurationError
from attune.features.feature import act_of
from attune.features.purchases import Purchases
from attune.features.sessions import Sessions
from cli.main import app

MINUTE = timedelta(minutes=1)


def asked(root: Path, query: str) -> list[dict[str, Any]]:
    with ask(root, query) as answer:
        return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]


def archived(root: Path, *events: Event) -> None:
    ArchiveWriter(root).write(taken(*events))


def order(user: str = "ada", at: datetime = NOON, **commerce: object) -> Event:
    bought = Commerce(commerce.pop("action", "purchased"), **commerce)
    return event(user, at, kind=Kind.TRANSACTIONAL, commerce=bought)


def test_an_order_is_worth_what_it_says_or_else_its_lines_to_the_millionth(tmp_path: Path) -> None:
    lines = (Product("a", price_micros=1_000_001, quantity=3), Product("b"))
    most = Product("c", price_micros=10**18, quantity=1_000_000)
    archived(
        tmp_path,
        order(at=NOON, products=lines, order_id="1", currency="EUR"),
        order(at=NOON + MINUTE, products=lines, order_id="2", revenue_micros=5),
        order(at=NOON + 2 * MINUTE, products=(most,) * 100, order_id="3"),
        order(at=NOON + 3 * MINUTE, action="refunded", order_id="1", revenue_micros=1_000_000),
    )

    found = asked(
        tmp_path,
        "SELECT order_id, revenue, refunded, currency, lines, units, day FROM orders "
        "ORDER BY ordered_at",
    )

    assert [tuple(row.values()) for row in found] == [
        ("1", Decimal("3.000003"), Decimal(1), "EUR", 2, 4, date(2026, 11, 2)),
        ("2", Decimal("0.000005"), Decimal(0), None, 2, 4, date(2026, 11, 2)),
        ("3", Decimal(10**20), Decimal(0), None, 100, 10**8, date(2026, 11, 2)),
    ]


def test_a_session_ends_after_more_than_thirty_minutes_without_an_event(tmp_path: Path) -> None:
    times = (0, 30, 61, 62)
    archived(
        tmp_path,
        *(shopped("viewed", at=NOON + n * MINUTE, session_id="s") for n in times),
        event("ada", NOON + 45 * MINUTE, type="identify"),  # says who it is, not that he is there
    )

    found = asked(tmp_path, "SELECT session, seconds, events, views FROM sessions ORDER BY session")

    assert [tuple(row.values()) for row in found] == [(1, 1800.0, 2, 2), (2, 60.0, 2, 2)]


@settings(max_examples=15)
@given(histories(max_size=30))
def test_sessions_and_money_are_those_of_the_features(history: list[Event]) -> None:
    visits, bought = Sessions(), Purchases()
    there, paid = visits.empty(), bought.empty()
    for one in sorted(history, key=lambda one: one.timestamp):
        there = visits.update(there, one, one.at)
        if act_of(one) in bought.acts:
            paid = bought.update(paid, one, one.at)
    with TemporaryDirectory() as folder:
        archived(Path(folder), *history)
        (sessions,) = asked(Path(folder), "SELECT count(*) AS n, sum(events) AS e FROM sessions")
        (daily,) = asked(Path(folder), "SELECT sum(orders) AS o, sum(revenue) AS r FROM daily")

    assert sessions["n"] == visits.read(there, 0)[2]
    assert (sessions["e"] or 0) == len(history)
    assert (daily["o"] or 0) == paid.orders
    assert (daily["r"] or 0) == Decimal(paid.micros) / 1_000_000


def test_a_day_is_a_day_in_utc_whatever_the_time_zone_of_the_analyst(tmp_path: Path) -> None:
    archived(tmp_path / "archive", event(at=datetime(2026, 11, 2, 23, 59, tzinfo=UTC)))
    write_views(tmp_path / "archive", tmp_path / "a.duckdb", str(tmp_path / "archive"))
    write_views(tmp_path / "archive", tmp_path / "views.sql", str(tmp_path / "archive"))

    by_database = duckdb.connect(str(tmp_path / "a.duckdb"), read_only=True)
    by_script = duckdb.connect()
    by_script.execute((tmp_path / "views.sql").read_text())

    for theirs in (by_database, by_script):
        with theirs:
            theirs.execute("SET TimeZone = 'Asia/Tokyo'")
            found = theirs.execute("SELECT day, act, events, visitors FROM daily").fetchall()
        assert found == [(date(2026, 11, 2), "track", 1, 1)]


def test_an_exposure_counts_once_a_decision_and_not_as_what_a_visitor_did(tmp_path: Path) -> None:
    shown = Exposure("d-1", "hero", "banner")
    archived(tmp_path, event(exposure=shown, at=NOON + MINUTE), event(exposure=shown, at=NOON))

    found = asked(tmp_path, "SELECT shown_at, decision_id, slot, block FROM exposures")

    assert [tuple(row.values()) for row in found] == [(NOON, "d-1", "hero", "banner")]
    assert asked(tmp_path, "FROM daily") == asked(tmp_path, "FROM sessions") == []


def test_every_view_is_there_when_nothing_is_archived(tmp_path: Path) -> None:
    for view in ("archived", "events", "orders", "sessions", "daily", "exposures"):
        assert asked(tmp_path, f"FROM {view}") == []
    with pytest.raises(ConfigurationError, match="nothing is archived"):
        write_views(tmp_path, tmp_path / "views.sql", "/elsewhere")


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("COPY (SELECT 1) TO 'x.csv'", "one query is answered"),
        ("CREATE TABLE x AS SELECT 1", "one query is answered"),
        ("SET enable_external_access = true", "one query is answered"),
        ("SELECT 1; SELECT 2", "one query is answered"),
        ("", "one query is answered"),
        ("SELECT * FROM read_text('/etc/hostname')", "Permission"),
        ("SELECT nothing FROM events", "nothing"),
        ("SELEC", "syntax"),
    ],
)
def test_only_a_query_on_the_archive_is_answered(tmp_path: Path, query: str, why: str) -> None:
    archived(tmp_path, event())

    with pytest.raises(BadRequest, match=why):
        asked(tmp_path, query)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("ATTUNE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["archive", *arguments], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    return invoke


def test_the_commands_say_so_when_nothing_is_archived(run: Any) -> None:
    assert "Nothing is archived in" in run("status")
    assert "Nothing to join: 0 days" in run("compact")
    assert run("sql", "--csv", "select day from daily") == "day\n"


def test_the_commands_show_make_compact_and_answer(run: Any, tmp_path: Path) -> None:
    tape, root = Tape(), tmp_path / "data" / "archive"
    for n in range(3):
        ArchiveWriter(root).write(tape(shopped("viewed", at=NOON + n * MINUTE)))

    before, joined, after = run("status"), run("compact", "--day", "2026-11-02"), run("status")
    table, rows = run("sql", "select day, events from daily"), run("sql", "--csv", "from daily")
    run("views", "a.duckdb", "--at", str(root))

    assert "│ 2026-11-02 │     3 │" in before
    assert "│ events.behavioral │ 0         │      2 │" in before
    assert "2026-11-02: 3 files joined, 0 old ones removed" in joined
    assert "│ 2026-11-02 │     1 │" in after
    assert "│ 2026-11-02 │ 3      │" in table
    assert rows.splitlines() == [
        "day,act,events,visitors,orders,revenue",
        "2026-11-02,viewed,3,1,0,0.000000",
    ]
    assert (tmp_path / "a.duckdb").exists()


def test_a_wide_answer_is_shown_row_by_row(run: Any, tmp_path: Path) -> None:
    archived(tmp_path / "data" / "archive", shopped("viewed", user="somebody"))

    lines = [line.split() for line in run("sql", "from events").splitlines()]

    assert ["profile", "somebody"] in lines


def test_a_day_without_files_and_an_archive_elsewhere_are_named(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError, match="nothing is archived of 2020-01-01"):
        run("compact", "--day", "2020-01-01")
    monkeypatch.setenv("ATTUNE_ARCHIVE__CLICKHOUSE", "http://me:s3cret@ch:8123/shop")
    for command in (("compact",), ("sql", "from events"), ("views",)):
        with pytest.raises(ConfigurationError, match=r"ClickHouse at ch:8123/shop") as refused:
            run(*command)
        assert "s3cret" not in str(refused.value)


def test_the_page_for_analysts_names_every_view_and_column() -> None:
    page = (Path(__file__).parents[3] / "docs" / "archive.md").read_text()
    with Archive(Path("/nowhere")).connection() as database:
        found = database.execute(
            "SELECT view_name, column_name FROM duckdb_views() JOIN duckdb_columns() "
            "ON view_name = table_name WHERE NOT duckdb_views.internal"
        ).fetchall()

    assert [f"{view}.{column}" for view, column in found if f"`{column}`" not in page] == []
    assert [view for view, _ in found if f"`{view}`" not in page] == []
