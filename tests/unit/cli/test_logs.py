import json
import logging

import pytest
import structlog

from cli.logs import configure_logs


@pytest.mark.parametrize("value", ["\ud800", 10**40, {1: "a"}, b"\xff", ValueError("\udfff")])
def test_whatever_is_logged_becomes_a_line_of_json(
    capsys: pytest.CaptureFixture[str], value: object
) -> None:
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    try:
        configure_logs()
        structlog.get_logger().warning("odd", value=value)
        logging.getLogger("library").warning("odd %s", 5)
    finally:
        structlog.reset_defaults()
        root.handlers[:], root.level = before

    ours, theirs = map(json.loads, capsys.readouterr().err.splitlines())
    assert (ours["event"], theirs["event"]) == ("odd", "odd 5")
