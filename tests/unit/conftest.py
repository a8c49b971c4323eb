"""Unit tests have no network: what needs a server belongs in tests/integration."""

import pytest
from pytest_socket import disable_socket


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest) -> None:
    """Close the door, except to the event loop's own pipe; pytest-socket opens it afterwards."""
    if request.node.get_closest_marker("enable_socket") is None:
        disable_socket(allow_unix_socket=True)
