"""Print the GraphQL schema: `make schema` writes it to `schema.graphql`, which is golden."""

from api.schema import build_schema
from feature_repo.views import FEATURES

print(build_schema(FEATURES).as_str())
