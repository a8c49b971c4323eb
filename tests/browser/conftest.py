"""The demo shop as `make run` serves it, on this test's own topics, keys and schema."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from roles import api, role

from attune.adapters.postgres.migrate import migrate
from attune.settings import Settings
from cli.seed.load import DEMO, seed

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.browser)


@pytest.fixture
def shop_url(settings: Settings) -> Iterator[str]:
    migrate(settings)
    asyncio.run(seed(settings, DEMO))
    shown = {
        "ATTUNE_API__DEMO_SHOP": "true",
        "ATTUNE_API__GRAPHIQL": "true",
        "ATTUNE_COLLECT__WRITE_KEYS": '{"wk_demo": "demo-shop"}',
    }
    with role(settings, "consume", "all"), api(settings, **shown) as client:
        yield str(client.base_url).rstrip("/")
