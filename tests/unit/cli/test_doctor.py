"""Whatever is away or strange, the doctor says so in a line, and looks at everything else."""

import pytest
from pydantic import PostgresDsn, RedisDsn
from redis.exceptions import ResponseError
from serving import serving

from attune.settings import Api, Kafka, Settings
from cli import doctor
from cli.doctor import GROUPS, Finding, examine, show
from consumers.archive import Archiving
from consumers.features.consumer import Features
from consumers.main import CONSUMERS
from consumers.measure import Measure
from consumers.profiles import Profiles

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


def test_what_is_shown_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    show([Finding("Kafka", "[/] from [bold]here", "set [red]that")])

    shown = capsys.readouterr().out
    assert "[/] from [bold]here" in shown
    assert "set [red]that" in shown


def test_it_looks_at_every_consumer_and_at_all_that_it_reads() -> None:
    consumers = (Features, Profiles, Measure, Archiving)

    assert {one.name: one.topics for one in consumers} == GROUPS
    assert set(GROUPS) == set(CONSUMERS)
