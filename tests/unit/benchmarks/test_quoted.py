"""The README quotes numbers from RESULTS.md, and from nowhere else."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text()
RESULTS = (ROOT / "benchmarks" / "RESULTS.md").read_text()


def measured(claim: str) -> tuple[float, float]:
    """Return ours and the ratio."""
    (line,) = [each for each in RESULTS.splitlines() if each.startswith(f"| `{claim}` |")]
    _, _, ours, _, _, ratio, *_ = (each.strip() for each in line.split("|"))
    found = re.search(r"[\d.]+", ratio)
    assert found is not None
    return float(ours.replace(",", "")), float(found[0])


TIMES = re.findall(r"^\|.*\| ([\d.]+) \|.*\|$", README, re.MULTILINE)
CLAIMS = (
    "read.one", "read.concurrent", "answer.stock", "answer.feast", "stream.quix", "stream.feast",
)  # fmt: skip


@pytest.mark.parametrize(("claim", "quoted"), list(zip(CLAIMS, TIMES, strict=True)))
def test_a_ratio_is_the_measured_one_rounded(claim: str, quoted: str) -> None:
    _, ratio = measured(claim)
    digits = len(quoted.partition(".")[2])

    assert float(quoted) <= ratio + 0.5 * 10**-digits
    assert abs(float(quoted) - ratio) <= 10**-digits


def test_the_bytes_of_a_visitor_are_the_measured_ones() -> None:
    ours, _ = measured("memory.user")
    (quoted,) = re.findall(r"take (\d+)\nbytes of Redis", README)
    assert float(quoted) == round(ours)


def test_the_median_of_freshness_is_the_measured_one() -> None:
    (note,) = re.findall(r"`freshness.p99`: .*p50 ([\d.]+) against", RESULTS)
    (quoted,) = re.findall(r"in the answer ([\d.]+) ms after", README)
    assert quoted == note
