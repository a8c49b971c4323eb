#!/bin/sh
# Pins every dependency, with hashes and without index addresses, for all platforms we run on.
set -eu
compile() {
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-header --no-annotate --no-emit-package attune-engine "$@"
}
compile pyproject.toml --all-extras --output-file requirements/run.txt
compile pyproject.toml --all-extras --group dev --constraint requirements/run.txt \
    --output-file requirements/dev.txt
compile pyproject.toml --extra api --constraint requirements/run.txt \
    --output-file requirements/api.txt
compile pyproject.toml --extra consumers --constraint requirements/run.txt \
    --output-file requirements/consumers.txt
compile pyproject.toml --extra training --extra migrate --constraint requirements/run.txt \
    --output-file requirements/training.txt
# What `scripts/compile.py` needs, for the stage of the image that compiles.
printf 'mypy\nsetuptools\n' | compile - --constraint requirements/dev.txt \
    --output-file requirements/compile.txt
# Quix Streams is only measured against, in an environment of its own.
echo quixstreams | compile - --output-file benchmarks/requirements-quix.txt
