import json

import harness
import pytest
from harness import Budget, Claim, alternate, compare, show

FASTER = Claim("read.one", "us", "Feast", goal=6)
SMALLER = Claim("freshness.p99", "ms", "bare Kafka", goal=1, limit=3)
SAID = Claim("stream.floor", "events/s", "decode only", goal=None)


class Time:
    """A clock that turns take time on."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def turn(self, seconds: float, value: float) -> float:
        self.now += seconds
        return value


def test_medians_are_compared_and_the_spread_is_told() -> None:
    found = compare(FASTER, [60, 10, 70], [10, 10, 10], "a note")

    assert (found.ours, found.peer, found.rounds) == (60, 10, 3)
    assert found.ratio == 6
    assert found.reached
    assert found.note == "rounds 1.00 to 7.00; a note"


def test_for_what_should_be_small_the_ratio_is_limit_over_ours() -> None:
    found = compare(SMALLER, [40.0], [10.0])

    assert found.ratio == 0.75
    assert found.reached is False


def test_a_claim_without_a_goal_is_only_said() -> None:
    assert compare(SAID, [5], [10]).reached is None


def test_a_round_without_its_peer_is_an_error() -> None:
    with pytest.raises(ValueError, match="shorter"):
        compare(FASTER, [1, 2], [1])


def test_contenders_take_turns_and_the_first_one_changes() -> None:
    time, turns = Time(), []

    def contender(name: str, value: float) -> float:
        turns.append(name)
        return time.turn(1, value)

    found = alternate(
        Budget(quick=True, clock=time),
        {"ours": lambda: contender("ours", 2), "peer": lambda: contender("peer", 1)},
        most=2,
    )

    assert turns == ["ours", "peer", "peer", "ours"]
    assert found == {"ours": [2, 2], "peer": [1, 1]}


@pytest.mark.parametrize(
    ("seconds", "rounds"),
    [
        pytest.param(1, 5, id="as many as make sense"),
        pytest.param(20, 2, id="as many as fit"),
        pytest.param(500, 1, id="one in any case"),
    ],
)
def test_rounds_end_with_the_time(seconds: float, rounds: int) -> None:
    time = Time()

    found = alternate(Budget(quick=True, clock=time), {"one": lambda: time.turn(seconds, 1)})

    assert len(found["one"]) == rounds


def test_each_claim_is_one_json_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    results = [compare(FASTER, [12.3456], [2.0]), compare(SAID, [123_456.7], [200_000.0])]

    time = Time()
    budget = Budget(quick=True, clock=time)
    time.now = 1
    show(results, budget, as_json=True)

    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first.pop("note").endswith("cores meanwhile")
    assert first == {
        "id": "read.one",
        "ours": 12.35,
        "peer": 2.0,
        "unit": "us",
        "ratio": 6.173,
        "goal": 6,
        "rounds": 1,
        "peer_name": "Feast",
    }
    assert (second["ours"], second["goal"]) == (123_457, None)


def test_the_table_names_every_claim(capsys: pytest.CaptureFixture[str]) -> None:
    time = Time()
    budget = Budget(quick=True, clock=time)
    time.now = 1

    show([compare(FASTER, [1], [1])], budget, as_json=False)

    assert "read.one" in capsys.readouterr().out


def test_what_a_person_can_act_on_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, harness.told_plainly():
        raise harness.BenchmarkFailed("the peer said nothing")

    assert ended.value.code == 1
    assert "error: the peer said nothing" in capsys.readouterr().err
