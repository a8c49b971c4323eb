"""A feature is declared and applied; a running API answers it, and no request fails meanwhile."""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Self

import httpx
import pytest
from roles import as_env, serving_api, wait_for

import feature_repo
from attune.adapters.postgres.migrate import migrate
from attune.settings import Settings

ASK = '{ user(id: "ada") { id features { activity { views24h } } } }'
NEW = '{ user(id: "ada") { features { searches { searches24h } } } }'


class Crowd:
    """Visitors who ask all the time, and what they were answered that was no answer."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._over = threading.Event()
        self.answered = 0
        self.failed: list[str] = []
        self._threads = [threading.Thread(target=self._ask) for _ in range(2)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        with httpx.Client(base_url=self._address, timeout=20) as client:
            while not self._over.wait(0.005):  # or there would be nothing left for the server
                reply = client.post("/graphql", json={"query": ASK})
                self.answered += 1
                if reply.status_code != 200 or "errors" in reply.json():
                    self.failed.append(reply.text)


def attune(settings: Settings, root: Path, *arguments: str) -> str:
    env = {**as_env(settings), "PYTHONPATH": str(root)}
    command = [sys.executable, "-m", "cli", *arguments]
    done = subprocess.run(
        command, env=env, cwd=root, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.timeout(300)
def test_an_applied_feature_is_answered_without_a_restart(
    settings: Settings, tmp_path: Path
) -> None:
    migrate(settings)
    root = tmp_path / "installation"
    here = Path(feature_repo.__file__).parent
    shutil.copytree(here, root / "feature_repo", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "pyproject.toml").touch()
    env = {"PYTHONPATH": os.pathsep.join([str(root)])}
    with serving_api(settings, **env) as (running, client):

        def answers_it() -> bool:
            assert running.process.poll() is None, running.output()
            return "errors" not in client.post("/graphql", json={"query": NEW}).json()

        assert not answers_it()
        with Crowd(str(client.base_url)) as crowd:
            wait_for(lambda: crowd.answered > 50)
            attune(settings, root, "features", "new", "searches", "--kind", "count")
            attune(settings, root, "features", "apply", "--yes")
            wait_for(answers_it)
            before = crowd.answered
            wait_for(lambda: crowd.answered > before + 50)

        assert crowd.failed == []
        assert client.get("/health/ready").json()["features"] == "ok"
