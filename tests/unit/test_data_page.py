"""docs/data.md says what there is, all of it, and each thing with a meaning."""

from itertools import chain

import pytest
from checking import ROOT, data
from credit import WITH_CREDIT

from attune import stream
from attune.settings import Settings
from consumers.main import CONSUMERS
from feature_repo.views import FEATURES

PAGE = data.page()


def test_the_page_in_the_repository_is_current() -> None:
    assert (ROOT / "docs" / "data.md").read_text() == f"{PAGE}\n"


def test_every_topic_is_described() -> None:
    assert data.TOPICS.keys() == set(stream.TOPICS)
    assert all(f"| `{topic}` |" in PAGE for topic in stream.TOPICS)


def test_who_reads_a_topic_is_who_consumes_it() -> None:
    assert data.GROUPS.keys() == CONSUMERS.keys()
    assert "| collector | measure, archive |" in PAGE


def test_every_field_has_a_row_with_its_unit_and_meaning() -> None:
    for field in chain.from_iterable(features.fields for features in FEATURES):
        assert f"| {field.type} | {field.unit} | {field.description} |" in PAGE
        assert f"| `{field.name}` |" in PAGE


def test_an_ordinary_view_has_its_table_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "FEATURES", WITH_CREDIT)

    page = data.page()

    assert "### `user_credit`" in page
    assert "from `credit.parquet` by `feast materialize`; nothing older than 2 days" in page


def test_every_metric_says_what_it_means_and_what_to_do() -> None:
    rows = list(data.metrics())
    assert "attune_events_accepted_total" in {name for name, *_ in rows}
    for name, _, _, meaning, remedy in rows:
        assert meaning, name
        assert ": " in remedy, name


def test_every_setting_is_there_with_its_default() -> None:
    found = {it.variable: it for it in data.settings_of(Settings, "ATTUNE_")}

    assert found["ATTUNE_KAFKA__ACK_TIMEOUT"].default == "5"
    assert found["ATTUNE_API__GRAPHIQL"].default == "false"
    assert found["ATTUNE_COLLECT__WRITE_KEYS"].default == ""
    assert all(f"| `{variable}` |" in PAGE for variable in found)


def test_what_this_machine_has_set_is_not_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_API__PORT", "9999")
    assert data.page() == PAGE


def test_a_bar_in_a_cell_does_not_end_it() -> None:
    assert list(data.table(("a",), [("x|y",)]))[2] == "| x\\|y |"
