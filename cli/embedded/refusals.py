"""What the file system refuses, as one line with its remedy."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attune.errors import ConfigurationError

_REFUSALS = {
    errno.EACCES: "no permission to write",
    errno.EPERM: "no permission to write",
    errno.EROFS: "no permission to write",
    errno.ENOSPC: "the disk is full:",
    errno.EDQUOT: "your share of the disk is full:",
}


@contextmanager
def told_plainly(data: Path) -> Iterator[None]:
    """Turn what the file system refuses into one line with its remedy.

    Raises:
        ConfigurationError: no permission, a full disk, or whatever else the system said.
    """
    try:
        yield
    except OSError as error:
        place = Path(error.filename or data)
        ours = place.is_relative_to(data) or data.is_relative_to(place)
        other = "ATTUNE_DATA" if ours else "XDG_CACHE_HOME"
        raise ConfigurationError(
            f"{_REFUSALS.get(error.errno or 0, 'cannot use')} {place} ({error.strerror}): "
            f"mend that, or choose another directory with {other}"
        ) from error
