"""Print docs/data.md: each topic, feature, metric and setting, from the code that defines it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from prometheus_client.metrics import MetricWrapperBase
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from attune import stream, telemetry
from attune.features.feature import Field
from attune.features.plain import PlainView
from attune.features.spelling import camel
from attune.features.view import FeatureView
from attune.settings import Settings
from consumers.groups import GROUPS
from feature_repo.views import FEATURES

COLLECTOR = "collector"
RUNNER = "every consumer"
PROFILE = "profile id"


@dataclass(frozen=True, slots=True)
class Topic:
    """What a topic carries; `key` decides the partition, and so what stays in order."""

    meaning: str
    key: str = PROFILE
    writer: str = COLLECTOR


TOPICS: Mapping[str, Topic] = {
    stream.BEHAVIORAL: Topic(
        "What visitors do: products viewed, added and removed, pages, screens, and every track "
        "event that is none of the others"
    ),
    stream.TRANSACTIONAL: Topic("Money: checkouts, payments, orders and refunds"),
    stream.CONTEXTUAL: Topic("Who visitors are: identify, group and alias calls"),
    stream.EXPOSURES: Topic("Blocks that a visitor saw: track events `Content Shown`"),
    stream.DEAD: Topic(
        "Messages that no retry would mend, whole, each with its reason and where it lay; and "
        "marks on those that were sent again",
        "the message's own",
        f"{RUNNER}, `attune dead replay`",
    ),
    stream.PROFILE_CHANGES: Topic("Reserved for changes of profiles", writer=""),
    stream.CONTENT_CHANGES: Topic("Reserved for changes of content", key="", writer=""),
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable, the default as one would write it, and what it means."""

    variable: str
    default: str
    meaning: str


def settings_of(model: type[BaseModel], prefix: str) -> Iterator[Setting]:
    """Yield every setting of a model and of the models in it."""
    for name, field in model.model_fields.items():
        variable = f"{prefix}{name.upper()}"
        if isinstance(field.default, BaseModel):
            yield from settings_of(type(field.default), f"{variable}__")
        else:
            yield Setting(variable, _default(field), field.description or "")


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g}"
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value in ("", None, {}) else str(value)


def page() -> str:
    """Return the whole page."""
    return "\n".join(
        (
            "# What Attune keeps, computes and measures",
            "",
            "Written by `make data` from the code; `make check` fails when it is out of date.",
            "",
            *_topics(),
            *_features(),
            *_metrics(),
            *_settings(),
        )
    )


def _topics() -> Iterator[str]:
    yield from _head(
        "## Topics",
        "Kafka keeps what happened. Each name here is behind `ATTUNE_KAFKA__TOPIC_PREFIX`, and so "
        "are the names of the consumer groups, which are those of the readers.",
    )
    yield from table(
        ("topic", "meaning", "key", "written by", "read by"),
        (
            (f"`{name}`", topic.meaning, topic.key, topic.writer, ", ".join(_readers(name)))
            for name, topic in ((name, TOPICS[name]) for name in stream.TOPICS)
        ),
    )


def _readers(topic: str) -> list[str]:
    return [name for name, topics in GROUPS.items() if topic in topics]


def _features() -> Iterator[str]:
    yield from _head(
        "## Features",
        "Declared in `feature_repo/views.py`. The online store keeps the state of each view; its "
        "fields are computed at the moment of reading. Rules and GraphQL use the name in camel "
        "case, Feast the other; rules ask about the user, the visit and the item in play: "
        "`user.x`, `session.x`, `item.x`.",
    )
    for features in FEATURES:
        for view in features.views:
            yield from _view(view)
        for plain in features.plain:
            yield from _plain(plain)


def _view(view: FeatureView) -> Iterator[str]:
    acts = ", ".join(f"`{act}`" for act in sorted(view.acts))
    yield from _head(
        f"### `{view.full_name}`",
        f"{view.description}. Changed by {acts}. State version {view.version}.",
    )
    yield from _fields(view.fields)


def _plain(view: PlainView) -> Iterator[str]:
    lives = f"; nothing older than {view.ttl} is answered" if view.ttl else ""
    yield from _head(
        f"### `{view.full_name}`",
        f"{view.description}. Of each {view.entity.name}, from `{view.source}` by "
        f"`feast materialize`{lives}.",
    )
    yield from _fields(view.fields)


def _fields(fields: Iterable[Field]) -> Iterator[str]:
    yield from table(
        ("field", "in rules and GraphQL", "type", "unit", "meaning"),
        ((f"`{f.name}`", f"`{camel(f.name)}`", f.type, f.unit, f.meaning) for f in fields),
    )


def metrics() -> Iterator[tuple[str, str, str, str, str]]:
    """Yield name, type, labels, meaning, and what to do when it moves, of every metric."""
    for metric in vars(telemetry).values():
        if isinstance(metric, MetricWrapperBase):
            (told,) = metric.describe()
            labels = ", ".join(metric._labelnames)  # noqa: SLF001 - nothing public tells
            meaning, _, remedy = told.documentation.partition(". ")
            name = told.name + ("_total" if told.type == "counter" else "")
            yield name, told.type, labels, meaning, remedy.removesuffix(".")


def _metrics() -> Iterator[str]:
    yield from (
        "## Metrics",
        "",
        "In Prometheus' format; `attune api` serves them at `/metrics`.",
        "",
    )
    yield from table(
        ("metric", "type", "labels", "meaning", "when it moves"),
        ((f"`{name}`", *rest) for name, *rest in metrics()),
    )


def _settings() -> Iterator[str]:
    yield from _head(
        "## Settings",
        "From the environment, else from `.attune/env`, else the default. `attune settings` shows "
        "those in force.",
    )
    yield from table(
        ("variable", "default", "meaning"),
        (
            (
                f"`{setting.variable}`",
                f"`{setting.default}`" if setting.default else "",
                setting.meaning,
            )
            for setting in settings_of(Settings, "ATTUNE_")
        ),
    )


def _head(title: str, text: str) -> Iterator[str]:
    yield from (title, "", text, "")


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield the lines of a Markdown table, and an empty one."""
    head = tuple(head)
    yield _row(head)
    yield _row("---" for _ in head)
    yield from map(_row, rows)
    yield ""


def _row(cells: Iterable[Any]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    print(page())
