"""Settings of every role, from the environment (`ATTUNE_...`) or from `.attune/env`.

`attune up` writes `.attune/env`, so a role started by hand beside it finds the same servers. The
environment wins over the file. Each default stands here and nowhere else.
"""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field, HttpUrl, PostgresDsn, RedisDsn
from pydantic_settings import BaseSettings, SettingsConfigDict

ENV_FILE = Path(".attune/env")


def _seconds(value: object) -> object:
    """Read a bare number as seconds; pydantic itself wants ISO 8601 in text (`PT5S`)."""
    try:
        return timedelta(seconds=float(value)) if isinstance(value, str | int | float) else value
    except ValueError:
        return value


Seconds = Annotated[timedelta, BeforeValidator(_seconds)]


class Kafka(BaseModel, frozen=True):
    """Where the event log is. `ATTUNE_KAFKA__BROKERS`, ..."""

    brokers: str = Field(default="127.0.0.1:9092", description="host:port, comma-separated")
    topic_prefix: str = Field(default="", description="put before each topic and consumer group")
    partitions: int = Field(
        default=6, gt=0, description="of each topic we create; raise, never lower"
    )
    replication: int = Field(
        default=1, gt=0, description="of each topic we create; 3 in production"
    )
    session_timeout: Seconds = Field(
        default=timedelta(seconds=10),
        description="seconds; then the partitions of a silent consumer go to others",
    )
    max_poll_interval: Seconds = Field(
        default=timedelta(minutes=5),
        description="seconds; then the partitions of a consumer that hangs in a batch go to others",
    )
    ack_timeout: Seconds = Field(
        default=timedelta(seconds=5), description="seconds; then the collector says 503"
    )


class Collect(BaseModel, frozen=True):
    """What the collector accepts. `ATTUNE_COLLECT__WRITE_KEYS='{"wk_demo": "demo-shop"}'`, ..."""

    write_keys: dict[str, str] = Field(
        default_factory=dict, description="write key -> name of the source that it stands for"
    )
    max_event_bytes: int = Field(default=32 * 1024, gt=0, description="Segment's limit")
    max_batch_bytes: int = Field(default=500 * 1024, gt=0, description="Segment's limit")


class Live(BaseModel, frozen=True):
    """Answers that follow the visitor. `ATTUNE_API__LIVE__INTERVAL`, ..."""

    interval: Seconds = Field(
        default=timedelta(seconds=0.1),
        description="seconds between two answers of a subscription, at least",
    )
    most: int = Field(
        default=10_000, ge=0, description="subscriptions of one process; further ones are refused"
    )
    per_connection: int = Field(
        default=20, gt=0, description="operations of one WebSocket at the same time"
    )


class Limits(BaseModel, frozen=True):
    """What a GraphQL document may ask that is in no manifest. `ATTUNE_API__LIMITS__DEPTH`, ..."""

    characters: int = Field(default=20_000, gt=0, description="of a document")
    tokens: int = Field(default=2_000, gt=0, description="of a document")
    definitions: int = Field(default=60, gt=0, description="operations and fragments of a document")
    depth: int = Field(default=12, gt=0, description="fields within fields, fragments written out")
    fields: int = Field(
        default=1_000, gt=0, description="of a document, fragments written out wherever spread"
    )
    aliases: int = Field(default=100, gt=0, description="of a document, as above")
    directives: int = Field(default=30, gt=0, description="of a document, as above")
    root_fields: int = Field(default=10, gt=0, description="of an operation; most read the store")
    duplicates: int = Field(
        default=20, gt=0, description="how often a field may stand at one place of the answer"
    )
    cost: int = Field(
        default=60_000,
        gt=0,
        description="values in the answer at most, a root field counting ten; of lists, as many as "
        "were asked for: enough for 500 users with 100 values each. Holds for every document",
    )
    list_size: int = Field(
        default=10, gt=0, description="values that a list counts as whose size nobody asked for"
    )


class Api(BaseModel, frozen=True):
    """How the HTTP server listens and answers. `ATTUNE_API__PORT`, ..."""

    host: str = Field(default="127.0.0.1", description="0.0.0.0 to be reached from outside")
    port: int = Field(default=8000, ge=0, le=65535, description="of the HTTP server")
    read_timeout: Seconds = Field(
        default=timedelta(seconds=0.25),
        description="seconds that one read from Redis may take; then the answer does without",
    )
    demo_shop: bool = Field(default=False, description="serve the demo shop at /")
    graphiql: bool = Field(default=False, description="serve GraphiQL at GET /graphql")
    live: Live = Live()
    introspection: bool = Field(
        default=False,
        description="answer questions about the schema, and say in errors which names are near; "
        "for development, GraphiQL needs it",
    )
    documents: Literal["any", "known"] = Field(
        default="any", description="`known`: answer only GraphQL documents that a manifest has"
    )
    manifests: Path | None = Field(
        default=None,
        description="a manifest of persisted documents, or a folder of them; read again when it "
        "changes",
    )
    limits: Limits = Limits()
    max_body_bytes: int = Field(default=128 * 1024, gt=0, description="of a GraphQL request")
    body_timeout: Seconds = Field(
        default=timedelta(seconds=10), description="seconds for a request to arrive, then 408"
    )
    timeout: Seconds = Field(
        default=timedelta(seconds=5), description="seconds for a GraphQL answer, then 503"
    )
    cached_documents: int = Field(
        default=1_000, gt=0, description="parsed GraphQL documents that a worker keeps"
    )
    cached_bytes: int = Field(
        default=64 * 1024 * 1024, gt=0, description="of memory that they take, about"
    )
    compress_from: int = Field(
        default=1_400,
        ge=0,
        description="bytes of a GraphQL answer from which it is packed with gzip, where the "
        "caller takes that: what one packet carries; 0: never",
    )
    public_max_age: Seconds = Field(
        default=timedelta(seconds=10),
        description="seconds that anybody may keep an answer about no visitor, asked for by GET "
        "and document id; 0: never",
    )


class Consume(BaseModel, frozen=True):
    """How consumers run. `ATTUNE_CONSUME__METRICS_PORT`, ..."""

    metrics_host: str = Field(default="127.0.0.1", description="where metrics are served")
    metrics_port: int | None = Field(
        default=None, ge=1, le=65535, description="serve metrics and health there; none: not at all"
    )
    max_dead_letter_share: float = Field(
        default=0.05,
        gt=0,
        le=1,
        description="of the last 1,000 messages; a consumer stops when more than that, and at "
        "least 20, are to be put aside; 1: never",
    )
    cached: int = Field(
        default=50_000,
        ge=0,
        description="rows of each kind of entity that are kept between batches, 1 to 2 kB each",
    )
    drain: Seconds = Field(
        default=timedelta(seconds=20),
        description="seconds after SIGTERM; then the batch in hand is left to whoever is next",
    )


class Archive(BaseModel, frozen=True):
    """Where events are kept for good. `ATTUNE_ARCHIVE__CLICKHOUSE=http://me:pw@host:8123/db`."""

    clickhouse: HttpUrl | None = Field(
        default=None,
        description="HTTP interface and database of ClickHouse; none: Parquet files in `data`",
    )


class Settings(BaseSettings):
    """All of it; frozen, read once per program in its `main`."""

    model_config = SettingsConfigDict(
        env_prefix="ATTUNE_",
        env_nested_delimiter="__",
        env_file=ENV_FILE,
        extra="ignore",
        frozen=True,
    )

    redis: RedisDsn = Field(
        default=RedisDsn("redis://127.0.0.1:6379/0"), description="the online store"
    )
    redis_cluster: bool = Field(
        default=False, description="`redis` is one server of a Redis Cluster, which names the rest"
    )
    postgres: PostgresDsn = Field(
        default=PostgresDsn("postgresql://postgres@127.0.0.1:5432/postgres"),
        description="the system of record",
    )
    postgres_schema: str = Field(
        default="attune",
        pattern=r"^[a-z_][a-z0-9_]{0,62}$",
        description="where all our tables are",
    )
    project: str = Field(
        default="attune",
        pattern=r"^[a-z_][a-z0-9_]*$",
        description="Feast project; ends every key of the online store",
    )
    data: Path = Field(
        default=Path(".attune"), description="archive, models in work, embedded servers"
    )
    kafka: Kafka = Kafka()
    collect: Collect = Collect()
    consume: Consume = Consume()
    archive: Archive = Archive()
    api: Api = Api()
