"""Every metric, with what it means and what to do when it moves (docs/data.md shows them)."""

from prometheus_client import Counter, Gauge, Histogram

ACCEPTED = Counter(
    "attune_events_accepted_total",
    "Events acknowledged by Kafka and answered with 2xx, by source. Flat while visitors are there: "
    "look at the collector's 4xx and 503 replies.",
    ["source"],
)
REJECTED = Counter(
    "attune_events_rejected_total",
    "Events refused with a 4xx, by source and code. Rising: a sender changed; the replies name "
    "the field.",
    ["source", "code"],
)
EVENTS_TAKEN = Counter(
    "attune_consumer_events_total",
    "Events made durable by a consumer. Lower than accepted for long: add members to its group.",
    ["consumer"],
)
DEAD_LETTERS = Counter(
    "attune_dead_letters_total",
    "Messages put aside because no retry would mend them. Above zero: `attune dead list`.",
    ["consumer"],
)
WAITS = Counter(
    "attune_store_waits_total",
    "Batches held back because a store was away. Rising: see that store; nothing is lost.",
    ["consumer"],
)
ALIVE = Gauge(
    "attune_consumer_alive_seconds",
    "When a consumer last polled its topics or tried its store (Unix time). Older than a minute: "
    "it hangs, or its broker is away; see its log.",
    ["consumer"],
)
LAG = Gauge(
    "attune_consumer_lag_messages",
    "Messages of a partition that a consumer has not made durable yet. Rising for minutes: the "
    "store is slow (take seconds rise too), or add members to the group.",
    ["consumer", "topic", "partition"],
)
BATCH_EVENTS = Histogram(
    "attune_consumer_batch_events",
    "Events that a consumer took in at once. Near 10,000 all the time: it is behind, see its lag.",
    ["consumer"],
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000),
)
TAKE_SECONDS = Histogram(
    "attune_consumer_take_seconds",
    "Time to make one batch durable. Rising at equal batches: look at the store.",
    ["consumer"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 20.0),
)
FRESHNESS = Histogram(
    "attune_consumer_freshness_seconds",
    "From the collector to durable, of the oldest event of each batch. Rising: see lag and take "
    "seconds; after an outage it is the length of that until the consumer has caught up.",
    ["consumer"],
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 20.0, 60.0, 300.0, 3600.0),
)
ROLLOUTS = Counter(
    "attune_rollouts_total",
    "Feature declarations that were applied, taken over by this process or refused. Refused: "
    "/health/ready says why; those before stay in use.",
    ["outcome"],
)
LIVE_SUBSCRIPTIONS = Gauge(
    "attune_live_subscriptions",
    "Live subscriptions of this process. Near `ATTUNE_API__LIVE__MOST`: add workers.",
)
LIVE_ANSWERS = Counter(
    "attune_live_answers_total",
    "Answers pushed to live subscriptions, by cause. Flat while visitors act: consumers are "
    "behind, or Redis is not heard (`changes.unheard` in the log).",
    ["cause"],
)
EVENTS_LATE = Counter(
    "attune_events_late_total",
    "Events later than the lateness bound of a feature: counted in the archive only. Rising: a "
    "sender holds events back, or its clock is wrong.",
    ["consumer"],
)
FEATURE_ERRORS = Counter(
    "attune_feature_errors_total",
    "A feature raised; it skipped the event, others went on. Above zero: see the log for event id "
    "and traceback.",
    ["feature"],
)
JOINED = Counter(
    "attune_archive_joined_files_total",
    "Files of the archive that were joined into fewer. Flat for hours while events come: see the "
    "log of the archive consumer.",
)
ANSWERS = Histogram(
    "attune_answer_seconds",
    "Time to answer one GraphQL request. p99 rising: look at Redis and at the garbage collector.",
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0),
)
DEGRADED = Counter(
    "attune_answers_degraded_total",
    "Answers given without a part that was away. Rising: see that part.",
    ["part"],
)
CONTENT_LOADED = Gauge(
    "attune_content_loaded_seconds",
    "When the content, rules and model in use were loaded (Unix time). Old after a change: the "
    "API does not reach PostgreSQL. Of several workers the oldest; 0 while one starts.",
    multiprocess_mode="livemin",
)
DOCUMENTS_PARSED = Counter(
    "attune_documents_parsed_total",
    "GraphQL documents that were parsed and validated, some 3 ms each. Rising all the time: front "
    "ends build their queries from values; use variables, or persisted documents.",
)
DOCUMENTS_KNOWN = Gauge(
    "attune_documents_known",
    "GraphQL documents of the manifests in use. Lower than in the manifest: see the log of the "
    "API, it was refused.",
    multiprocess_mode="livemin",
)
REQUESTS_REFUSED = Counter(
    "attune_graphql_refused_total",
    "GraphQL requests that were not answered, by code. Rising: a client changed, or somebody tries "
    "what there is; the codes are in docs/graphql.md.",
    ["code"],
)
