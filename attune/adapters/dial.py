"""Connections to Redis from an address: plain, TLS or a Unix socket, and who we are."""

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any, cast

from hiredis import pack_command
from redis.asyncio.connection import parse_url

from attune.adapters.link import PATIENCE, Link
from attune.errors import Unavailable

Options = Mapping[str, Any]
"""What an address says, by redis-py's names."""


def options_of(url: str) -> Options:
    """Return what an address says: `redis://`, `rediss://` (TLS) or `unix://`."""
    options: dict[str, Any] = {**parse_url(url)}
    return options


async def dial(options: Options, timeout: float) -> Link:  # noqa: ASYNC109 - of each command
    """Connect, log in, and see that the server is ready; commands have `timeout` seconds each.

    Raises:
        OSError: nobody is there, or not within `PATIENCE`, or TLS cannot be agreed on.
        Unavailable: the server does not let us in, or it is not ready.
    """
    async with asyncio.timeout(max(timeout, PATIENCE)):
        link = await _connected(options, timeout)
        try:
            await _greet(link, options)
        except BaseException:
            link.drop("no connection in time")
            raise
    return link


async def _greet(link: Link, options: Options) -> None:
    for command in _greeting(options):
        (reply,) = await link.send((pack_command(command),))
        if isinstance(reply, Exception):
            raise Unavailable("Redis", str(reply))


async def _connected(options: Options, timeout: float) -> Link:  # noqa: ASYNC109 - as above
    loop = asyncio.get_running_loop()
    link = Link(timeout)
    protocol = cast("asyncio.Protocol", link)
    if path := options.get("path"):
        await loop.create_unix_connection(lambda: protocol, path)
    else:
        await loop.create_connection(
            lambda: protocol,
            options.get("host", "localhost"),
            options.get("port", 6379),
            ssl=_tls(options) if "connection_class" in options else None,
        )
    return link


def _greeting(options: Options) -> list[tuple[Any, ...]]:
    greeting: list[tuple[Any, ...]] = []
    if password := options.get("password"):
        user = options.get("username")
        greeting.append(("AUTH", user, password) if user else ("AUTH", password))
    if database := options.get("db"):
        greeting.append(("SELECT", str(database)))
    greeting.append(("PING",))  # while it loads its data, it says so
    return greeting


def _tls(options: Options) -> ssl.SSLContext:
    """Return how to speak TLS, from the names that redis-py has for it in an address."""
    context = ssl.create_default_context(cafile=options.get("ssl_ca_certs"))
    if certificate := options.get("ssl_certfile"):
        context.load_cert_chain(certificate, options.get("ssl_keyfile"))
    if options.get("ssl_check_hostname") in (False, "false", "False"):
        context.check_hostname = False
    if str(options.get("ssl_cert_reqs", "required")) == "none":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
