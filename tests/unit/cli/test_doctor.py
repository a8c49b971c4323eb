"""Whatever is away or strange, the doctor says so in a line, and looks at everything else."""

from datetime import datetime, timedelta

import pytest
from making import NOON
from pydantic import PostgresDsn, RedisDsn
from redis.exceptions import ResponseError
from serving import serving

from attune.dead import DeadLetter
from attune.ports import Begun
from attune.settings import Api, Consume, Kafka, Settings
from cli import doctor
from cli.doctor import examine, show
from cli.finding import Finding
from cli.streams import consumers, dead_letters, feature_errors
from cli.unfilled import lacking
from consumers.groups import GROUPS
from consumers.main import CONSUMERS

PLACE = ("events.behavioral", 0)
LOCAL = pytest.mark.enable_socket  # of this machine only


def settings(port: int = 1, brokers: str = "127.0.0.1:1", host: str = "127.0.0.1") -> Settings:
    """Of servers that are away."""
    return Settings(
        _env_file=None,
        redis=RedisDsn("redis://127.0.0.1:1/0"),
        postgres=PostgresDsn("postgresql://nobody@127.0.0.1:1/none"),
        kafka=Kafka(brokers=brokers),
        api=Api(host=host, port=port),
    )


def by_part(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.part: finding for finding in findings}


@LOCAL
async def test_with_everything_away_each_part_says_how_it_is_started() -> None:
    found = by_part(await examine(settings()))

    assert [part for part, finding in found.items() if not finding.well] == [
        "Kafka",
        "Redis",
        "PostgreSQL",
        "API",
    ]
    assert "attune up" in found["Kafka"].remedy
    assert "ATTUNE_REDIS" in found["Redis"].remedy


@LOCAL
@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"<html>somebody else's</html>", "not Attune"),
        (b"[]", "not Attune"),
        (b'{"detail": "Not Found"}', "not Attune"),
        (b'{"status": "ready", "redis": "ok"}', "ready: redis ok"),
    ],
)
async def test_another_program_at_the_port_is_not_taken_for_the_api(body: bytes, says: str) -> None:
    with serving(body) as port:
        found = by_part(await examine(settings(port)))["API"]

    assert says in found.found
    assert found.well == ("not Attune" not in says)


@LOCAL
async def test_a_proxy_is_not_asked_about_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)

    with serving(b'{"status": "ready"}') as port:
        assert by_part(await examine(settings(port)))["API"].well


@LOCAL
@pytest.mark.parametrize(
    ("wrong", "part"),
    [(settings(brokers="localhost:abc"), "Kafka"), (settings(host="not a host"), "API")],
)
async def test_an_address_that_is_none_hides_nothing_else(wrong: Settings, part: str) -> None:
    found = by_part(await examine(wrong))

    assert found[part].remedy
    assert "Redis" in found


class Managed:
    """Redis as a service, which tells nothing of its configuration."""

    def __init__(self, answer: dict[str, str] | ResponseError) -> None:
        self._answer = answer

    async def config_get(self, _: str) -> dict[str, str]:
        if isinstance(self._answer, ResponseError):
            raise self._answer
        return self._answer


@pytest.mark.parametrize("answer", [{}, ResponseError("unknown command 'CONFIG'")])
async def test_a_redis_that_does_not_tell_its_configuration_is_not_away(
    answer: dict[str, str] | ResponseError,
) -> None:
    found = await doctor.memory(Managed(answer))

    assert found.well
    assert "does not tell" in found.found


@pytest.mark.parametrize(
    ("answer", "well"),
    [
        ({"hash-max-listpack-value": "2048", "hash-max-ziplist-value": "2048"}, True),
        ({"hash-max-ziplist-value": "64"}, False),
    ],
)
async def test_small_listpacks_double_what_a_profile_takes(
    answer: dict[str, str], *, well: bool
) -> None:
    assert (await doctor.memory(Managed(answer))).well is well


@pytest.mark.parametrize(
    ("begun", "consumed", "waits"),
    [
        (None, 0, False),  # nothing was ever sent
        (None, 9, True),  # Redis was lost, and no consumer has noticed yet
        (Begun({PLACE: 0}, filled=False), 9, False),
        (Begun({PLACE: 4}, filled=False), 9, True),
        (Begun({PLACE: 4}, filled=True), 9, False),
    ],
)
def test_a_kind_whose_past_is_in_the_archive_only_waits_for_a_backfill(
    begun: Begun | None, consumed: int, *, waits: bool
) -> None:
    well = Begun({}, filled=False)

    found = lacking({"user": well, "item": begun}, {PLACE: consumed})

    assert found.well is not waits
    assert ("attune backfill" in found.remedy) is waits
    assert ("item" in found.found) is waits
    assert "user" not in found.found


def test_what_is_shown_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    show([Finding("Kafka", "[/] from [bold]here", "set [red]that")])

    shown = capsys.readouterr().out
    assert "[/] from [bold]here" in shown
    assert "set [red]that" in shown


def test_it_looks_at_every_consumer() -> None:
    assert set(GROUPS) == set(CONSUMERS)


def test_dead_letters_are_news_for_a_day() -> None:
    def letter(at: datetime) -> DeadLetter:
        return DeadLetter("t", 0, 0, None, b"", "JSON is malformed", "features", at)

    old, new = letter(NOON - timedelta(days=2)), letter(NOON - timedelta(hours=2))

    assert dead_letters([], NOON).found == "0 not replayed"
    assert dead_letters([old], NOON).well
    found = dead_letters([old, new], NOON)
    assert "2 not replayed, 1 of the last day, most often: JSON is malformed" in found.found
    assert "attune dead list" in found.remedy


METRICS = b"""# TYPE attune_feature_errors_total counter
attune_feature_errors_total{feature="interest"} 3.0
attune_feature_errors_total{feature="sessions"} 0.0
"""


@LOCAL
async def test_features_that_raised_are_told_where_consumers_serve_their_metrics() -> None:
    with serving(METRICS) as port:
        served = settings().model_copy(update={"consume": Consume(metrics_port=port)})
        (found,) = await consumers(served)

    assert (found.found, found.well) == ("interest 3", False)
    assert await consumers(settings()) == []


def test_no_feature_raised() -> None:
    assert feature_errors("") == {}
