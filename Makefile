# Everything runs in .venv, which each target makes or updates when requirements change.
PYTHON ?= python3
BIN := .venv/bin
RUN := $(BIN)/attune

.DEFAULT_GOAL := help
.PHONY: help run walk test quick soak fuzz audits check format schema data goldens web bench lock compile \
	interpreted clean

help:  ## what can be done
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: .venv/run  ## everything on this machine: servers, API, consumers, demo shop
	@exec $(RUN) up

walk: .venv/dev  ## one event through all seven stops, printed
	@$(BIN)/python scripts/walk.py

test: .venv/dev audits  ## all tests; starts Kafka, Redis and PostgreSQL once for the integration tests
	@$(BIN)/python -m pytest

audits:  # of GraphQL over HTTP, and clients of live answers, where there is Node.js; else tests skip
	@! command -v npm >/dev/null || $(MAKE) --silent tests/audits/node_modules

tests/audits/node_modules: tests/audits/package-lock.json
	@cd tests/audits && npm ci --no-audit --no-fund --silent
	@touch $@

quick: .venv/dev  ## unit, property, contract and golden tests: no servers, seconds
	@$(BIN)/python -m pytest -m "not integration and not browser and not soak"

soak: .venv/dev  ## the tests that take minutes: fifty consumers killed under load
	@$(BIN)/python -m pytest -m soak

fuzz: .venv/dev  ## 2,000 made-up GraphQL queries, and as many requests of any kind
	@ATTUNE_FUZZ_EXAMPLES=2000 $(BIN)/python -m pytest --timeout 900 tests/unit/api/test_fuzz.py

check: .venv/dev  ## lint, types, import directions, generated files, compose file, wheel
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python scripts/check.py

bench: .venv/dev  ## every benchmark, 5 minutes each, into benchmarks/RESULTS.md; compiled if it can be
	@! command -v cc >/dev/null || test -e attune/compiled.txt || $(MAKE) --silent compile
	@$(BIN)/python benchmarks/run.py

format: .venv/dev  ## format the code
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

schema: .venv/dev  ## write schema.graphql anew
	@$(BIN)/python scripts/schema.py > schema.graphql

data: .venv/dev  ## write docs/data.md and the table of docs/features.md anew
	@$(BIN)/python scripts/data.py > docs/data.md
	@$(BIN)/python scripts/classes.py

goldens: .venv/dev  ## write the golden states anew, after a format has changed on purpose
	@$(BIN)/python scripts/goldens.py

web:  ## build GraphiQL's page anew (needs Node.js)
	@cd web/graphiql && npm ci --no-audit --no-fund && npm run build

lock: .venv/dev  ## pin every dependency anew
	@sh scripts/lock.sh

compile: .venv/dev  ## compile what events pass through, as in the image; needs a C compiler
	@$(BIN)/python scripts/compile.py

interpreted:  ## undo `make compile`
	@rm -f attune/compiled.txt attune_compiled__mypyc.*
	@find attune consumers -name '*.so' -delete

clean: interpreted  ## remove .attune (all data of `make run`) and everything that was built
	@rm -rf .attune .venv dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -prune -exec rm -rf {} +

# uv installs in seconds what pip takes a minute for; it comes from PyPI like everything else.
.venv/bin/uv:
	@$(PYTHON) scripts/bootstrap.py .venv

# Wheels only, so no compiler is ever needed; where a platform has none, say so.
INSTALL = VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --only-binary :all: --requirement
NO_WHEEL = { echo "attune: not everything has a wheel for this Python and platform (see above):" \
	"use Python 3.11 to 3.13 on Linux or macOS, or check the network" >&2; exit 1; }

.venv/run: requirements/run.txt pyproject.toml .venv/bin/uv
	@echo "installing Attune into .venv"
	@$(INSTALL) requirements/run.txt || $(NO_WHEEL)
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --no-deps --editable .
	@touch $@

.venv/dev: requirements/dev.txt pyproject.toml .venv/bin/uv
	@echo "installing Attune and its tests into .venv"
	@$(INSTALL) requirements/dev.txt || $(NO_WHEEL)
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --no-deps --editable .
	@touch $@ .venv/run
