"""Reads a feature service: one round trip for any number of entities, states evaluated at `now`.

Everything that does not depend on who is asked about is made once: the fields of the hash, the
command around each key, and how each view is read.
"""

from collections.abc import Collection, Mapping, Sequence

from attune.adapters.feast import Layout
from attune.adapters.plain import Held, held
from attune.adapters.redis import Servers, raised
from attune.adapters.resp import END, argument, opening
from attune.adapters.rows import row_of
from attune.features.feature import Field, Value
from attune.features.plain import PlainView, Status
from attune.features.service import FeatureService
from attune.features.view import FeatureView
from attune.profiles.following import followed
from attune.profiles.found import NOT_WHOLE, Found


class Streamed:
    """A streamed view, and which of its fields are wanted."""

    def __init__(self, view: FeatureView, fields: Sequence[Field]) -> None:
        self.view = view
        self.state_name = view.state_name
        self.names = [field.name for field in fields]
        every = view.names
        self.whole = len(self.names) == len(every)
        self.places = [every.index(name) for name in self.names]


Stored = tuple[PlainView, tuple[Field, ...]]


class Answer:
    """What a service knows of one entity at `now` (ms since 1970), evaluated when asked for."""

    __slots__ = (
        "_found",
        "_names",
        "_plain",
        "_stored",
        "_streamed",
        "_values",
        "degraded",
        "id",
        "now",
    )

    def __init__(
        self,
        found: Found,
        streamed: Sequence[Streamed],
        names: Sequence[str],
        stored: Sequence[Stored],
        now: int,
    ) -> None:
        self.id = found.id
        """Who was found: another than was asked for, where a redirect leads there."""
        self.now = max(now, found.last_seen)  # features are read at no moment before their latest
        self.degraded: list[str] = [f"features: {found.broken}"] if found.broken else []
        """Parts that are missing, and why; complete when the values were asked for."""
        self._found = found
        self._streamed = streamed
        self._names = names
        self._stored = stored
        self._values: dict[str, Value] | None = None
        self._plain: dict[str, Held] | None = None

    @property
    def values(self) -> Mapping[str, Value]:
        """Each field of the service."""
        if self._values is None:
            self._values = self._evaluated()
        return self._values

    def _evaluated(self) -> dict[str, Value]:
        values: list[Value] = []
        for each in self._streamed:
            values += self._read(each)
        found: dict[str, Value] = dict(zip(self._names, values, strict=True))
        for plain, fields in self._stored:
            stored = self._held[plain.name].values
            found.update({field.name: stored[field.name] for field in fields})
        return found

    @property
    def statuses(self) -> Mapping[str, Status]:
        """What became of each value, in Feast's words; that of a state never written is not found.

        A count of nothing is 0 all the same: that is what the state of nothing says.
        """
        statuses: dict[str, Status] = {}
        for streamed in self._streamed:
            there = streamed.state_name in self._found.row.states
            for name in streamed.names:
                value = Status.NULL if self.values[name] is None else Status.PRESENT
                statuses[name] = value if there else Status.NOT_FOUND
        for each, fields in self._stored:
            told = self._held[each.name].statuses
            statuses.update({field.name: told[field.name] for field in fields})
        return statuses

    @property
    def event_times(self) -> Mapping[str, int | None]:
        """Of each view the time of its latest event or row, ms since 1970; None without any."""
        views = [each.view for each in self._streamed]
        streamed = {view.name: self._found.newest(view) or None for view in views}
        return {**streamed, **{name: view.as_of for name, view in self._held.items()}}

    def _read(self, each: Streamed) -> list[Value]:
        found, name = self._found, each.state_name
        if name in found.seams:
            self.degraded.append(f"features.{each.view.name}: {NOT_WHOLE}")
            return [None] * len(each.names)
        values = found.values(each.view, self.now)
        if name in found.lost:
            self.degraded.append(f"features.{each.view.name}: {found.lost[name]}")
        return values if each.whole else [values[place] for place in each.places]

    @property
    def _held(self) -> Mapping[str, Held]:
        if self._plain is None:
            self._plain = self._unpacked()
        return self._plain

    def _unpacked(self) -> dict[str, Held]:
        found = {view.name: held(view, self._found.row.plain, self.now) for view, _ in self._stored}
        for name, view in found.items():
            self.degraded += [f"features.{name}: {reason}" for reason in view.unreadable]
        return found


class ServiceReader:
    """Answers one service; as many at once as there are, in one pipeline."""

    def __init__(self, wire: Servers, project: str, service: FeatureService) -> None:
        self.service = service
        self._wire = wire
        self._layout = Layout(project, service.features)
        chosen = service.chosen
        self._streamed = [Streamed(v, fields) for v, fields in chosen if isinstance(v, FeatureView)]
        self._names = [name for each in self._streamed for name in each.names]
        self._stored = [(v, fields) for v, fields in chosen if isinstance(v, PlainView)]
        fields = self._layout.fields_of(view for view, _ in chosen)
        self._slots = self._layout.slots_of(fields)
        self._opening = opening(2 + len(fields), b"HMGET")
        self._ending = b"".join(map(argument, fields)) + END

    async def read(self, ids: Sequence[str], now: int) -> list[Answer]:
        """Return what is known of each at `now` (ms since 1970), or at its latest event if later.

        In the order of the ids, however often one comes.

        Raises:
            Unavailable: the store does not answer.
        """
        found = await followed(ids, self._load)
        streamed, names, stored = self._streamed, self._names, self._stored
        return [Answer(found[each], streamed, names, stored, now) for each in ids]

    async def _load(self, ids: Collection[str]) -> Mapping[str, Found]:
        key, before, after = self._layout.key, self._opening, self._ending
        commands = [b"%b%b%b" % (before, key(each), after) for each in ids]
        if len(commands) == 1:
            replies = [await self._wire.ask(commands[0])]
        else:
            replies = await self._wire.run(commands)
        slots, features = self._slots, self.service.features
        return {
            each: Found(each, row_of(slots, raised(held)), features)
            for each, held in zip(ids, replies, strict=True)
        }
