"""Unit tests have no network: what needs a server belongs in tests/integration."""

from contextlib import suppress

import pytest
from pytest_socket import disable_socket

# It keeps the class of sockets that it finds when it is imported, also for later tests.
with suppress(ImportError):  # there is none for Windows
    import uvloop  # noqa: F401


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest) -> None:
    """Close the door, except to the event loop's own pipe; pytest-socket opens it afterwards."""
    if request.node.get_closest_marker("enable_socket") is None:
        disable_socket(allow_unix_socket=True)
