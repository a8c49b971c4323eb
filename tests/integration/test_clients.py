"""Live answers as front ends ask for them: by the official npm client of each protocol."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from roles import WRITE_KEY, api, consumer

from attune.adapters.postgres.migrate import migrate
from attune.settings import Settings

CLIENTS = Path(__file__).parents[1] / "audits"

NODE = shutil.which("node")

needs_node = pytest.mark.skipif(
    NODE is None or not (CLIENTS / "node_modules" / "graphql-ws").exists(),
    reason="needs Node.js, and `make test` or `make audits` to have installed the clients",
)


@needs_node
def test_both_clients_are_told_what_a_visitor_does_and_what_is_refused(settings: Settings) -> None:
    migrate(settings)
    with api(settings) as client, consumer(settings):
        server = str(client.base_url).rstrip("/")
        command = [str(NODE), CLIENTS / "live.js", server, WRITE_KEY, "ada"]
        lines = subprocess.check_output(command, timeout=60).splitlines()

    found = {each.pop("name"): each for each in map(json.loads, lines)}
    refused = ["Cannot query field 'nothing' on type 'Subscription'."]
    assert found == {
        # Each client views one product; the second is told of the first one's as well.
        "graphql-ws": {
            "answers": [{"cause": "SUBSCRIBED", "views": 0}, {"cause": "FEATURES", "views": 1}],
            "refused": refused,
        },
        "graphql-sse": {
            "answers": [{"cause": "SUBSCRIBED", "views": 1}, {"cause": "FEATURES", "views": 2}],
            "refused": refused,
        },
    }
