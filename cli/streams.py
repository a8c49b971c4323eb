"""What the doctor says of Kafka, the consumers, and what they put aside."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import httpx
from prometheus_client.parser import text_string_to_metric_families

from attune.adapters.kafka.admin import lag, topics_missing
from attune.adapters.kafka.dead import read_letters
from attune.dead import DeadLetter
from attune.settings import Settings
from cli.finding import Finding
from consumers.groups import GROUPS

_LAGGING = 10_000
"""Messages; more than a consumer takes in a few seconds."""
_NEWS = timedelta(days=1)
"""What was put aside before then, somebody has seen and left."""


async def kafka(settings: Settings) -> list[Finding]:
    """Say whether it has our topics, how far behind consumers are, and what they put aside."""
    missing = await topics_missing(settings.kafka)
    findings = [
        Finding(
            "Kafka",
            f"{settings.kafka.brokers}, " + (f"no topic {missing[0]}" if missing else "all topics"),
            "start `attune api` or `attune consume`: they create topics" if missing else "",
        )
    ]
    if missing:
        return findings
    for group, topics in GROUPS.items():
        behind = await lag(settings.kafka, group, topics)
        findings.append(
            Finding(
                f"consumer {group}",
                f"{behind:,} messages behind",
                f"start (more) `attune consume {group}`" if behind > _LAGGING else "",
            )
        )
    letters = [filed.letter for filed in await read_letters(settings.kafka) if not filed.resent]
    return [*findings, dead_letters(letters, datetime.now(UTC))]


def dead_letters(letters: Sequence[DeadLetter], now: datetime) -> Finding:
    """Say how many there are that were not sent again, and whether that is news."""
    found = f"{len(letters):,} not replayed"
    recent = [letter for letter in letters if letter.at > now - _NEWS]
    if not recent:
        return Finding("dead letters", found)
    reason, _ = Counter(letter.reason for letter in recent).most_common(1)[0]
    found += f", {len(recent):,} of the last day, most often: {reason}"
    return Finding("dead letters", found, "see `attune dead list`")


async def consumers(settings: Settings) -> list[Finding]:
    """Say which features raised, if the consumers serve their metrics."""
    consume = settings.consume
    if not consume.metrics_port:
        return []
    address = f"http://{consume.metrics_host}:{consume.metrics_port}/metrics"
    async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
        errors = feature_errors((await client.get(address)).text)
    found = ", ".join(f"{feature} {count:,}" for feature, count in errors.items())
    remedy = "see the consumers' log for event ids and tracebacks" if errors else ""
    return [Finding("feature errors", found or "none", remedy)]


def feature_errors(metrics: str) -> dict[str, int]:
    """Return how often each feature raised, by the metrics of a consumer."""
    return {
        sample.labels["feature"]: round(sample.value)
        for family in text_string_to_metric_families(metrics)
        for sample in family.samples
        if sample.name == "attune_feature_errors_total" and sample.value
    }
