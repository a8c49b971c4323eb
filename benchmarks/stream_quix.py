"""Contender `stream.quix`: Quix Streams counting five windows; it needs only `quixstreams`.

The five are the buckets behind five fields of ours: views of the last hour, day and week, carts of
the last hour and day. With `tumbling` it keeps what we keep (a count for each bucket of 5 minutes,
an hour, 6 hours; a reader adds them up), which is the least work it can do; with `hopping` it keeps
the windows themselves, ready to read. State is in its own store (RocksDB), without a changelog
topic; results go nowhere, because an output topic is slower for it.
"""

import sys
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from marks import Marks
from quixstreams import Application  # type: ignore[import-not-found] # in its own environment
from quixstreams.dataframe import StreamingDataFrame  # type: ignore[import-not-found] # as above

EVERY = 1000  # events between two marks
WINDOWS = {
    "viewed": (("1h", 60, 5), ("24h", 1440, 60), ("7d", 10080, 360)),
    "added": (("1h", 60, 5), ("24h", 1440, 60)),
}
"""By action: name, length and step in minutes."""


class Task(NamedTuple):
    """The arguments of the program, in their order."""

    brokers: str
    topic: str
    group: str
    state: str
    """Directory of its store."""
    kind: str
    """`tumbling` or `hopping`."""
    events: str
    """How many the topic holds."""


def main(task: Task) -> None:
    """Count the windows over all events of the topic, and tell the rate."""
    app = Application(
        broker_address=task.brokers,
        consumer_group=task.group,
        auto_offset_reset="earliest",
        state_dir=task.state,
        use_changelog_topics=False,
        auto_create_topics=False,
        loglevel="ERROR",
    )
    marks = Marks()
    frame = app.dataframe(app.topic(task.topic, value_deserializer="json"))
    _count_windows(frame, task.kind)
    frame.update(_watch(app, marks, int(task.events)))
    app.run()
    marks.tell()


def _count_windows(frame: StreamingDataFrame, kind: str) -> None:
    for action, windows in WINDOWS.items():
        acted = frame[frame["commerce"]["action"] == action]
        for name, length, step in windows:
            if kind == "tumbling":
                window = acted.tumbling_window(timedelta(minutes=step), name=f"{action}-{name}")
            else:
                window = acted.hopping_window(
                    timedelta(minutes=length), timedelta(minutes=step), name=f"{action}-{name}"
                )
            window.count().current()


def _watch(app: Application, marks: Marks, count: int) -> Callable[[object], None]:
    """Return what counts the events that are through, and ends the program after the last."""
    done = 0

    def watch(_: object) -> None:
        nonlocal done
        done += 1
        if done % EVERY == 0 or done == count:
            marks.at(done)
        if done == count:
            app.stop()

    return watch


if __name__ == "__main__":
    main(Task(*sys.argv[1:]))
