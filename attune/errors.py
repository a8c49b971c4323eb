"""Every error that Attune raises on purpose, and what happens next.

AttuneError
├── BadRequest            the caller can mend it: 4xx with field, value and remedy
│   ├── InvalidEvent      an event that can never be accepted
│   ├── TooLarge          over a size limit (413 where it is the whole body)
│   └── UnknownKey        no or a wrong write key (401)
├── Unavailable           a server is away: 503 with Retry-After, the caller tries again
│   └── Emptied           it is there, but what it held is gone: who writes begins anew
├── StreamError           tells the consumer's runner what to do with a message
│   ├── Poison            can never be folded: dead-letter topic
│   └── TooMuchPoison     so much of it that something else is wrong: the consumer stops
└── ConfigurationError    the program refuses to start, and says what to change
"""

from typing import ClassVar


class AttuneError(Exception):
    """Base of all errors raised on purpose."""


class BadRequest(AttuneError):
    """The request cannot succeed as it is.

    `field` is a path such as `batch[3].properties.price`; `value` is what was found there,
    shortened; `remedy` is one sentence that says what would be accepted.
    """

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad_request"

    def __init__(self, message: str, *, field: str = "", value: str = "", remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.value = value[:100]
        self.remedy = remedy

    def as_json(self) -> dict[str, str]:
        """Return the parts that are present, for the `error` object of a reply."""
        parts = {
            "code": self.code,
            "message": self.message,
            "field": self.field,
            "value": self.value,
            "remedy": self.remedy,
        }
        return {name: text for name, text in parts.items() if text}


class InvalidEvent(BadRequest):
    """An event that can never be accepted."""

    code = "invalid_event"


class TooLarge(BadRequest):
    """Over a size limit."""

    status = 413
    code = "too_large"


class UnknownKey(BadRequest):
    """No write key, or one that we did not issue."""

    status = 401
    code = "unknown_write_key"


class Unavailable(AttuneError):
    """A server that we need does not answer; nothing was lost, and trying again will do."""

    def __init__(self, what: str, reason: str, retry_after: int = 1) -> None:
        super().__init__(f"{what} is unavailable: {reason}")
        self.what = what
        self.reason = reason
        self.retry_after = retry_after
        """Seconds."""


class Emptied(Unavailable):
    """A store was emptied since we joined it: what we know of it holds no more.

    Nothing was written. To try again will not do: join it anew, and go on from what is committed.
    """

    def __init__(self, what: str) -> None:
        super().__init__(what, "it was emptied, or another one took its place: begin anew")


class StreamError(AttuneError):
    """A message that the runner cannot take in."""


class Poison(StreamError):
    """A message that no retry will mend; it goes to the dead-letter topic with this reason."""

    def __init__(self, reason: str, *, field: str = "") -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.reason = reason
        self.field = field


class TooMuchPoison(StreamError):
    """More than a share of the last messages: the consumer stops before it puts them aside."""


class ConfigurationError(AttuneError):
    """The program cannot start as it is configured; the message says what to change."""
