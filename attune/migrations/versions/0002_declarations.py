"""Which feature declarations are applied, so that running servers take them over."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_DECLARATIONS = """
CREATE TABLE declarations (
    digest text PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON declarations
    FOR EACH STATEMENT EXECUTE FUNCTION tell_change('features');
"""


def upgrade() -> None:
    """Create the table."""
    op.execute(_DECLARATIONS)


def downgrade() -> None:
    """Remove it."""
    op.execute("DROP TABLE declarations")
