"""What `attune backfill` tells of its progress."""


class Progress:
    """Told how far it is; this one keeps silent."""

    def found(self, kind: str, seen: int, rows: int) -> None:
        """Rows of a kind were looked at, and so many are to be filled."""

    def waiting(self, behind: int) -> None:
        """The archive has not yet so many messages that are needed."""

    def filled(self, kind: str, rows: int) -> None:
        """So many more rows are whole."""
