"""What a role writes while it runs: lines for people on a terminal, JSON everywhere else."""

import json
import logging
import sys
from typing import TYPE_CHECKING

import orjson
import structlog

if TYPE_CHECKING:
    from structlog.types import Processor


def configure_logs() -> None:
    """Set up structlog, and send the libraries' own records through it."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    people = sys.stderr.isatty()
    last: list[Processor] = (
        # Tracebacks as Python writes them: the pretty ones show every local, visitors included, and
        # take seconds where one is a batch of thousands of events.
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if people
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_json)]
    )
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[_unmarked, *last])
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def _unmarked(
    logger: logging.Logger, name: str, event: structlog.types.EventDict
) -> structlog.types.EventDict:
    return structlog.stdlib.ProcessorFormatter.remove_processors_meta(logger, name, event)


def _json(event: object, **_: object) -> str:
    try:
        return orjson.dumps(event, default=str).decode()
    except TypeError:  # half a surrogate pair, a number beyond 64 bits: no reason not to be logged
        return json.dumps(event, default=str)
