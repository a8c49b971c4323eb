"""Content, profiles, models, measurements, audit."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_CONTENT = """
CREATE TABLE segments (
    name text PRIMARY KEY,
    position integer NOT NULL,
    "when" text NOT NULL,
    description text NOT NULL
);
CREATE TABLE slots (
    key text PRIMARY KEY,
    position integer NOT NULL,
    description text NOT NULL,
    fallback text
);
CREATE TABLE blocks (
    key text PRIMARY KEY,
    slot text NOT NULL REFERENCES slots,
    component text NOT NULL,
    content jsonb NOT NULL,
    tags text[] NOT NULL,
    revision integer NOT NULL CHECK (revision > 0),
    published boolean NOT NULL
);
-- A block can be removed under a rule: the rule is then skipped, and decisions say so.
CREATE TABLE rules (
    slot text NOT NULL REFERENCES slots,
    position integer NOT NULL,
    "when" text NOT NULL,
    block text NOT NULL,
    description text NOT NULL,
    PRIMARY KEY (slot, position)
);
"""

_PROFILES = """
CREATE TABLE profiles (
    profile_id text PRIMARY KEY,
    user_id text,
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL
);
-- Profiles that are another profile; the newest link wins.
CREATE TABLE identities (
    source text PRIMARY KEY,
    profile_id text NOT NULL,
    at timestamptz NOT NULL,
    message_id text NOT NULL
);
CREATE INDEX identities_profile ON identities (profile_id);
CREATE TABLE traits (
    profile_id text NOT NULL,
    name text NOT NULL,
    value jsonb,  -- null: the trait was taken back, and an older value must not return
    at timestamptz NOT NULL,
    message_id text NOT NULL
);
-- A sender may choose names longer than an index entry can be.
CREATE UNIQUE INDEX traits_name ON traits (profile_id, md5(name));
"""

_MODELS = """
CREATE TABLE models (
    name text NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    active boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    metadata jsonb NOT NULL,
    onnx bytea NOT NULL,
    PRIMARY KEY (name, version)
);
CREATE UNIQUE INDEX models_active ON models (name) WHERE active;
"""

_MEASUREMENTS = """
CREATE TABLE exposures (
    decision_id text PRIMARY KEY,
    slot text NOT NULL,
    block text NOT NULL,
    profile_id text NOT NULL,
    at timestamptz NOT NULL,
    message_id text NOT NULL
);
CREATE TABLE exposure_counts (
    slot text NOT NULL,
    block text NOT NULL,
    day date NOT NULL,
    count bigint NOT NULL,
    PRIMARY KEY (slot, block, day)
);
CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    action text NOT NULL,
    detail jsonb NOT NULL
);
"""

# Programs listen on one channel and look for their own schema; a change by hand is heard as well.
_CHANGES = """
CREATE FUNCTION tell_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('attune', TG_TABLE_SCHEMA || '.' || TG_ARGV[0]);
    RETURN NULL;
END $$;
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON segments
    FOR EACH STATEMENT EXECUTE FUNCTION tell_change('content');
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON slots
    FOR EACH STATEMENT EXECUTE FUNCTION tell_change('content');
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON blocks
    FOR EACH STATEMENT EXECUTE FUNCTION tell_change('content');
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON rules
    FOR EACH STATEMENT EXECUTE FUNCTION tell_change('content');
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON models
    FOR EACH STATEMENT EXECUTE FUNCTION tell_change('models');
"""


def upgrade() -> None:
    """Create everything."""
    for part in (_CONTENT, _PROFILES, _MODELS, _MEASUREMENTS, _CHANGES):
        op.execute(part)


def downgrade() -> None:
    """Remove everything, and all data with it."""
    op.execute(
        "DROP TABLE audit, exposure_counts, exposures, models, traits, "
        "identities, profiles, rules, blocks, slots, segments"
    )
    op.execute("DROP FUNCTION tell_change")
