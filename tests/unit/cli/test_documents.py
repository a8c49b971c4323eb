from pathlib import Path

from typer.testing import CliRunner

from cli.main import app


def test_a_manifest_that_fits_is_said_to(tmp_path: Path) -> None:
    manifest = tmp_path / "m.json"
    manifest.write_text('{"page": "query ($id: ID) { user(id: $id) { id } }"}')

    result = CliRunner().invoke(app, ["documents", "check", str(manifest)])

    assert result.exit_code == 0
    assert "every document fits the schema: 1" in result.output


def test_every_document_that_does_not_fit_is_named(tmp_path: Path) -> None:
    manifest = tmp_path / "m.json"
    manifest.write_text('{"a": "{ user(id: 1) { shoe } }", "b": "{", "c": "{ __typename }"}')

    result = CliRunner().invoke(app, ["documents", "check", str(manifest)])

    assert result.exit_code == 1
    first, second = result.output.splitlines()
    assert "a: Cannot query field 'shoe' on type 'User'" in first
    assert "b: Syntax Error" in second
