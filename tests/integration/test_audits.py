"""What the authors of GraphQL over HTTP ask of servers: every audit of `graphql-http`."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from answering import application_of
from listening import listening

from attune.adapters.memory import MemoryStore
from attune.settings import Api

AUDITS = Path(__file__).parents[1] / "audits"

NODE = shutil.which("node")

needs_node = pytest.mark.skipif(
    NODE is None or not (AUDITS / "node_modules").exists(),
    reason="needs Node.js, and `make test` or `make audits` to have installed the audits",
)


@needs_node
def test_every_audit_is_passed_also_those_that_only_advise() -> None:
    # They ask for `__type`, so introspection is on.
    application = application_of(MemoryStore(), settings=Api(introspection=True))

    with listening(application) as address:
        lines = subprocess.check_output([str(NODE), AUDITS / "audit.js", f"{address}/graphql"])

    results = [json.loads(line) for line in lines.splitlines()]
    assert [each for each in results if each["status"] != "ok"] == []
    assert len(results) >= 61
