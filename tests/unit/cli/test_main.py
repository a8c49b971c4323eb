"""Whatever is set wrongly is said in a line, without a trace and without a secret."""

import sys

import pytest

from cli.main import main


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("ATTUNE_COLLECT__WRITE_KEYS", "abc", "holds JSON"),
        ("ATTUNE_KAFKA", "{", "holds JSON"),
        ("ATTUNE_KAFKA__PARTITIONS", "0", "ATTUNE_KAFKA__PARTITIONS is '0'"),
        ("ATTUNE_POSTGRES", "postgresql://me:s3cret@db:port/x", "ATTUNE_POSTGRES is"),
        ("ATTUNE_REDIS", "redis://db/0?password=s3cret#:", "ATTUNE_REDIS"),
        ("ATTUNE_API__PORT", "http", "ATTUNE_API__PORT is 'http'"),
    ],
)
def test_a_setting_that_cannot_be_read_ends_the_program_with_its_name(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    value: str,
    says: str,
) -> None:
    monkeypatch.setenv(variable, value)
    monkeypatch.setattr(sys, "argv", ["attune", "settings"])

    with pytest.raises(SystemExit):
        main()

    shown = capsys.readouterr()
    assert says in " ".join((shown.err + shown.out).split())
    assert "Traceback" not in shown.err
    assert "s3cret" not in shown.err + shown.out
