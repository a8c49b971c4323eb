from pathlib import Path

from api.schema import build_schema
from feature_repo.views import FEATURES

GOLDEN = Path(__file__).parents[2] / "schema.graphql"


def test_the_schema_is_the_one_that_front_ends_know() -> None:
    """A change on purpose is written by `make schema`, and reviewed as a change of a contract."""
    assert build_schema(FEATURES).as_str() + "\n" == GOLDEN.read_text()
