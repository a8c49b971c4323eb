"""When an event happened, by our clock."""

from datetime import UTC, datetime

from attune.errors import InvalidEvent

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def happened_at(
    original: datetime | None, sent_at: datetime | None, received_at: datetime
) -> datetime:
    """Return the time of an event in UTC, corrected for the sender's clock.

    `original` and `sent_at` are read off the sender's clock, so their distance is right even where
    that clock is wrong: the event is as much older than its arrival as it was older than its
    sending. Without `sent_at` (an import of history) `original` is taken as it is, without
    `original` the event happened now, and nothing happens later than it is received.

    Raises:
        InvalidEvent: before 1970, where the clock of the features begins.
    """
    if original is None:
        return received_at
    try:
        happened = _utc(original)
        if sent_at is not None:
            happened = received_at - (_utc(sent_at) - happened)
    except OverflowError:
        happened = EPOCH.replace(year=1)  # a year that no calendar has: refused below
    if happened < EPOCH:
        raise InvalidEvent(
            "the event happened before 1970",
            field="timestamp",
            value=original.isoformat(),
            remedy="send the time of the event and sentAt off the same clock",
        )
    return min(happened, received_at)


def _utc(moment: datetime) -> datetime:
    """Return it in UTC; a sender who names no zone means UTC."""
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)
