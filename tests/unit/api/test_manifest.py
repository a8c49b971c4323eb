from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog

from api.documents import Documents
from api.manifest import InvalidManifest, Manifests, load
from api.schema import build_schema
from attune.settings import Api
from feature_repo.views import FEATURES

WRITTEN = Path(__file__).parents[2] / "golden" / "manifests"
PAGE = "query Page($id: ID) { user(id: $id) { id segment } }"
ITEM = "query Item($id: ID!) { item(id: $id) { id } }"


def hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def codegen(*texts: str) -> dict[str, str]:
    """As GraphQL Code Generator's client preset writes it."""
    return {f"sha256:{hashed(text)}": text for text in texts}


def apollo(*texts: str) -> dict[str, Any]:
    """As Apollo's generate-persisted-query-manifest writes it."""
    operations = [
        {"id": hashed(text), "name": "N", "type": "query", "body": text} for text in texts
    ]
    return {"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations}


@pytest.fixture(scope="module")
def documents() -> Documents:
    return Documents(build_schema(FEATURES), Api())


def write(path: Path, value: object) -> Path:
    path.write_bytes(orjson.dumps(value))
    return path


@pytest.mark.parametrize("manifest", [codegen(PAGE, ITEM), apollo(PAGE, ITEM)])
def test_both_formats_are_read(
    tmp_path: Path, documents: Documents, manifest: dict[str, Any]
) -> None:
    known = load(write(tmp_path / "m.json", manifest), documents)

    for text in (PAGE, ITEM):
        assert known.get(hashed(text)) is known.get(f"sha256:{hashed(text)}") is not None
        assert known.by_text[text] is known.get(hashed(text))


@pytest.mark.parametrize("file", sorted(WRITTEN.glob("*.json")), ids=lambda file: file.stem)
def test_what_the_tools_themselves_wrote_is_read(documents: Documents, file: Path) -> None:
    known = load(file, documents)

    assert len(known.by_id) == 2
    # Clients that hash the text by themselves find the same document.
    assert all(hashed(text) in known.by_id for text in known.by_text)


def test_a_folder_has_a_manifest_for_each_release(tmp_path: Path, documents: Documents) -> None:
    write(tmp_path / "1.json", codegen(PAGE))
    write(tmp_path / "2.json", apollo(PAGE, ITEM))
    (tmp_path / "notes.txt").write_text("not a manifest")

    assert len(load(tmp_path, documents).by_id) == 2


def test_a_document_of_the_site_itself_has_no_limits(tmp_path: Path) -> None:
    small = Documents(build_schema(FEATURES), Api.model_validate({"limits": {"depth": 1}}))

    assert load(write(tmp_path / "m.json", codegen(PAGE)), small).by_id


@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        ({"a": "{ nothing }"}, "a: Cannot query field 'nothing'"),
        ({"a": "{"}, "a: Syntax Error"),
        ({"a": "fragment F on User { id }"}, "never used"),
        ({"a": 5}, "needs an id and a text"),
        ({"sha256:00": PAGE}, "not the hash of its text"),
        ([PAGE], "neither"),
        ({"format": "other", "operations": []}, "neither"),
        ({"format": "apollo-persisted-query-manifest"}, "needs an id and a text"),
        ({"format": "apollo-persisted-query-manifest", "operations": [5]}, "needs an id and a"),
    ],
)
def test_a_manifest_that_cannot_be_used_says_why(
    tmp_path: Path, documents: Documents, manifest: object, says: str
) -> None:
    file = write(tmp_path / "m.json", manifest)

    with pytest.raises(InvalidManifest, match=says) as error:
        load(file, documents)

    assert all(str(file) in problem for problem in error.value.problems)


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path, documents: Documents) -> None:
    write(tmp_path / "a.json", {"x": PAGE, "y": "{ nothing }"})
    write(tmp_path / "b.json", {"x": ITEM})
    (tmp_path / "c.json").write_text("{")

    with pytest.raises(InvalidManifest) as error:
        load(tmp_path, documents)

    assert [problem.split(": ")[1] for problem in error.value.problems] == [
        "y",
        "x stands for another document elsewhere",
        "cannot be read",
    ]


def test_a_path_that_is_not_there_is_named(tmp_path: Path, documents: Documents) -> None:
    with pytest.raises(InvalidManifest, match="ATTUNE_API__MANIFESTS"):
        load(tmp_path / "nowhere", documents)


async def test_a_manifest_that_changes_is_taken_over_while_requests_go_on(
    tmp_path: Path, documents: Documents
) -> None:
    file = write(tmp_path / "m.json", codegen(PAGE))
    manifests = Manifests(file, documents)
    manifests.load(needed=True)
    page = manifests.known.get(hashed(PAGE))

    assert not await manifests.refresh()
    write(file, codegen(PAGE, ITEM))
    assert await manifests.refresh()

    assert manifests.known.get(hashed(PAGE)) is page  # not made again
    assert manifests.known.get(hashed(ITEM))


@pytest.mark.parametrize("spoilt", ["{", '{"a": "{ nothing }"}', None])
async def test_a_manifest_that_was_spoilt_leaves_what_was_known(
    tmp_path: Path, documents: Documents, spoilt: str | None
) -> None:
    file = write(tmp_path / "m.json", codegen(PAGE))
    manifests = Manifests(file, documents)
    manifests.load()

    if spoilt is None:
        file.unlink()
    else:
        file.write_text(spoilt)
    with structlog.testing.capture_logs() as logs:
        assert not await manifests.refresh()
        assert not await manifests.refresh()  # said once, not every two seconds

    assert len(logs) == 1
    assert manifests.known.get(hashed(PAGE))


@pytest.mark.parametrize("empty", [None, {}])
def test_where_only_known_documents_are_answered_there_must_be_some(
    tmp_path: Path, documents: Documents, empty: object
) -> None:
    path = None if empty is None else write(tmp_path / "m.json", empty)

    with pytest.raises(InvalidManifest, match="only known documents"):
        Manifests(path, documents).load(needed=True)
