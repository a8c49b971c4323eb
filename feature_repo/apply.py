"""Feast on this installation's servers: its configuration, a store, and `attune features apply`.

Importing feast takes 4 s: nothing that serves requests or folds events may import this module.
"""

import json
import shlex
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote, unquote, urlencode

import feast
import psycopg
import yaml
from feast.diff.property_diff import TransitionType
from feast.diff.registry_diff import FeastObjectDiff
from feast.feature_view import DUMMY_ENTITY
from feast.repo_config import RepoConfig
from psycopg import sql
from pydantic import RedisDsn

import feature_repo.unmetered  # noqa: F401 - see there
from attune.errors import ConfigurationError, Unavailable
from attune.features.meaning import digest
from attune.settings import Settings
from feature_repo.check import declared, refuse
from feature_repo.known import changed, known, unfilled
from feature_repo.objects import repo_contents
from feature_repo.told import tell, told
from feature_repo.views import FEATURES

REPO = Path(__file__).parent

SOCKET_TIMEOUT = 2
"""Seconds that Feast waits for Redis; it sets no limit by itself."""

_VERBS = {
    TransitionType.CREATE: "create",
    TransitionType.UPDATE: "change",
    TransitionType.DELETE: "delete",
}


def environment(settings: Settings) -> dict[str, str]:
    """Return the variables of `feature_store.yaml` and of Feast's own command line.

    Raises:
        ConfigurationError: Feast has no way to write such an address of Redis.
    """
    return {
        "ATTUNE_PROJECT": settings.project,
        "ATTUNE_DATA": str(settings.data.resolve()),
        "ATTUNE_FEAST_REGISTRY": _registry_url(settings),
        "ATTUNE_FEAST_REDIS": _redis_address(settings.redis, cluster=settings.redis_cluster),
        "ATTUNE_FEAST_REDIS_TYPE": "redis_cluster" if settings.redis_cluster else "redis",
    }


def exports(settings: Settings) -> str:
    """Return the `environment` as lines for a shell to evaluate."""
    variables = environment(settings).items()
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables)


def repo_config(settings: Settings) -> RepoConfig:
    """Return `feature_store.yaml` for this installation."""
    text = Template((REPO / "feature_store.yaml").read_text()).substitute(environment(settings))
    config = RepoConfig(**yaml.safe_load(text))
    config.repo_path = REPO
    return config


@contextmanager
def open_store(settings: Settings) -> Iterator[feast.FeatureStore]:
    """Yield Feast's store on our registry, Redis and state history.

    Raises:
        Unavailable: PostgreSQL does not answer.
    """
    _make_schema(settings)
    store = feast.FeatureStore(config=repo_config(settings))
    registry: Any = store.registry
    try:
        yield store
    finally:
        registry.write_engine.dispose()  # Feast itself never closes its connections


@dataclass(frozen=True, slots=True)
class Plan:
    """What applying changes in the registry, a line each; which views are to be backfilled."""

    changes: list[str]
    unfilled: list[str]


def apply(
    settings: Settings,
    *,
    agree: Callable[[Plan], bool] = lambda _: True,
    same_meaning: bool = False,
    force: bool = False,
) -> list[str]:
    """Bring the registry in line with `feature_repo`; return what changes, a line each.

    Unless `agree` agrees with the plan, the registry stays as it is. What `feature_repo` no longer
    declares is deleted from the registry; nothing in Redis is touched. With `same_meaning`, a view
    that was rewritten and means what it meant keeps its version; `force` overrides what is a
    matter of judgement.

    Raises:
        ConfigurationError: a declaration is wrong, or has changed without a new version; or the
            schema was not migrated.
        Unavailable: PostgreSQL does not answer.
    """
    refuse(declared(FEATURES), force=force)
    wanted = repo_contents(FEATURES, settings.project, settings.data)
    # Feast registers an entity of its own, and would count it among what is to be deleted.
    wanted.entities.append(DUMMY_ENTITY)
    with open_store(settings) as store, quiet():
        tags = known(store)
        if not same_meaning:
            refuse(list(changed(FEATURES, tags)), force=force)
        difference, _, _ = store.plan(wanted)
        changes = [
            change
            for change in difference.feast_object_diffs
            if change.transition_type in _VERBS and change.name != DUMMY_ENTITY.name
        ]
        lines = sorted(map(_line, changes))
        if told(settings) != (ours := digest(FEATURES)):
            lines.append(f"tell running servers: declarations {ours}")
        plan = Plan(lines, unfilled(FEATURES, tags))
        if lines and agree(plan):
            objects: list[Any] = list(chain.from_iterable(wanted))
            store.apply(objects, objects_to_delete=_gone(changes), partial=False)
            tell(settings, ours)
    return plan.changes


@contextmanager
def quiet() -> Iterator[None]:
    """Keep two remarks of Feast's to ourselves: both are known, and nobody can act on them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "On demand feature view is an experimental feature")
        warnings.filterwarnings("ignore", r"fetch_arrow_table\(\) is deprecated")  # ibis
        yield


def _gone(changes: Iterable[FeastObjectDiff]) -> list[Any]:
    return [
        change.current_feast_object
        for change in changes
        if change.transition_type == TransitionType.DELETE
    ]


def _line(change: FeastObjectDiff) -> str:
    verb = _VERBS[change.transition_type]
    what = ", ".join(part.property_name for part in change.feast_object_property_diffs)
    line = f"{verb} {change.feast_object_type.value} {change.name}"
    return f"{line}: {what}" if what else line


def _registry_url(settings: Settings) -> str:
    address = str(settings.postgres).replace("postgresql://", "postgresql+psycopg://", 1)
    search_path = urlencode(
        {"options": f"-csearch_path={settings.postgres_schema}"}, quote_via=quote
    )
    return f"{address}{'&' if '?' in address else '?'}{search_path}"


def _redis_address(url: RedisDsn, *, cluster: bool) -> str:
    """Return Feast's way to write it: `host:port,name=value,...`, values as JSON."""
    parts: dict[str, object] = {}
    if not cluster:  # which has no numbered databases
        parts["db"] = int((url.path or "/0").strip("/") or 0)
    parts |= {"socket_timeout": SOCKET_TIMEOUT, "socket_connect_timeout": SOCKET_TIMEOUT}
    if url.scheme == "rediss":
        parts["ssl"] = True
    if url.username:
        parts["username"] = unquote(url.username)
    if url.password:
        parts["password"] = unquote(url.password)
    written = [f"{url.host}:{url.port or 6379}"]
    written += [f"{name}={json.dumps(value)}" for name, value in parts.items()]
    if any("," in part or "'" in part for part in written) or ":" in (url.host or ""):
        raise ConfigurationError(
            "ATTUNE_REDIS: Feast cannot use an IPv6 address, nor a comma or quote in the user "
            "name or password; give the server a host name or another password"
        )
    return ",".join(written)


def _make_schema(settings: Settings) -> None:
    create = sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(
        sql.Identifier(settings.postgres_schema)
    )
    try:
        with psycopg.connect(str(settings.postgres), connect_timeout=5) as connection:
            connection.execute(create)
    except psycopg.OperationalError as error:
        raise Unavailable("PostgreSQL", str(error).strip()) from error
