"""Redis Cluster for the hot path: one `Wire` a server, each command to where its key lies.

A row is one key, so every command has one place. Where slots move, servers say so (`MOVED`, `ASK`)
and the command goes there; the whole map is then asked for again.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from hiredis import pack_command
from redis.crc import key_slot

from attune.adapters.dial import Options
from attune.adapters.link import Reply
from attune.adapters.resp import Command, argument_of
from attune.adapters.wire import Wire
from attune.errors import Unavailable

Address: TypeAlias = tuple[str, int]
"""Host and port."""

_FOLLOWED = 8
"""Times that one command is sent on before it is given up."""
_PAUSE = 0.05  # seconds, while the cluster chooses who has a slot
_KEY_AT: Mapping[bytes, int] = {b"EVAL": 3, b"EVALSHA": 3}
"""Which argument is the key; the first of all other commands."""
_ASKING = pack_command(("ASKING",))


class Cluster:
    """Does what `Wire` does, with the keys on many servers."""

    def __init__(self, options: Options, timeout: float) -> None:
        self._options = options
        self._timeout = timeout
        self._seed: Address = (options.get("host", "localhost"), options.get("port", 6379))
        self._wires: dict[Address, Wire] = {}
        self._slots: list[tuple[int, int, Address]] = []
        """First and last slot of each range, and who has it."""
        self._owners: dict[int, Address] = {}
        """Slot -> who has it, as far as it was asked for."""
        self._refreshing: asyncio.Task[None] | None = None
        self._reason = "no server of the cluster answers"

    async def ask(self, command: bytes) -> Reply:
        """See `Wire.ask`."""
        wire = self._wire(await self._owner(_slot(command)))
        reply = await self._told(wire.ask(command))
        if _is_elsewhere(reply):
            (reply,) = await self._followed([command], [reply])
        return reply

    async def run(self, commands: Sequence[Command]) -> list[Reply]:
        """See `Wire.run`; servers that are away fail all of it."""
        places = [await self._owner(_slot(command)) for command in commands]
        return await self._followed(commands, await self._sent(commands, places))

    async def nodes(self) -> list[Wire]:
        """See `Wire.nodes`: all masters that have a slot."""
        if not self._slots:
            await self._refresh()
        return [self._wire(address) for address in {address for _, _, address in self._slots}]

    def close(self) -> None:
        """See `Wire.close`."""
        if self._refreshing is not None:
            self._refreshing.cancel()
        for wire in self._wires.values():
            wire.close()

    async def _sent(self, commands: Sequence[Command], places: Sequence[Address]) -> list[Reply]:
        """Send each command to its place, all places at once."""
        numbers: defaultdict[Address, list[int]] = defaultdict(list)
        for number, address in enumerate(places):
            numbers[address].append(number)
        parts = [
            self._wire(address).run([commands[number] for number in theirs])
            for address, theirs in numbers.items()
        ]
        if len(parts) == 1:
            replies: list[Reply] = await self._told(parts[0])
            return replies
        replies = [None] * len(commands)
        found = await self._told(asyncio.gather(*parts))
        for theirs, part in zip(numbers.values(), found, strict=True):
            for number, reply in zip(theirs, part, strict=True):
                replies[number] = reply
        return replies

    async def _followed(self, commands: Sequence[Command], replies: list[Reply]) -> list[Reply]:
        """Send commands on to where the replies say that their keys are."""
        for _ in range(_FOLLOWED):
            away = [number for number, reply in enumerate(replies) if _is_elsewhere(reply)]
            if not away:
                break
            for number in away:
                replies[number] = await self._sent_on(commands[number], str(replies[number]))
        return replies

    async def _sent_on(self, command: Command, told: str) -> Reply:
        what, _, rest = told.partition(" ")
        if what not in {"MOVED", "ASK"}:  # nobody has the slot just now, or not all of the key
            await asyncio.sleep(_PAUSE)
            await self._refresh()
            return (await self._wire(await self._owner(_slot(command))).run([command]))[0]
        slot, _, place = rest.partition(" ")
        host, _, port = place.rpartition(":")
        address = (host or self._seed[0], int(port))
        if what == "ASK":  # the slot is on its way: only this key, only now
            _, reply = await self._wire(address).run([_ASKING, command])
            return reply
        self._owners[int(slot)] = address
        self._refresh_soon()
        return (await self._wire(address).run([command]))[0]

    async def _owner(self, slot: int) -> Address:
        owner = self._owners.get(slot)
        if owner is None:
            if not self._slots:
                await self._refresh()
            for first, last, address in self._slots:
                if first <= slot <= last:
                    owner = self._owners[slot] = address
                    break
            else:
                self._refresh_soon()
                raise Unavailable("Redis", f"no server of the cluster has slot {slot}")
        return owner

    def _wire(self, address: Address) -> Wire:
        wire = self._wires.get(address)
        if wire is None:
            host, port = address
            options = {**self._options, "host": host, "port": port}
            wire = self._wires[address] = Wire(options, self._timeout)
        return wire

    async def _told(self, waiting: Any) -> Any:  # noqa: ANN401 - whatever it returns
        """Wait, and look for who has taken over where a server is away."""
        try:
            return await waiting
        except Unavailable:
            self._refresh_soon()
            raise

    def _refresh_soon(self) -> asyncio.Task[None]:
        if self._refreshing is None:
            self._refreshing = asyncio.create_task(self._refreshed())
        return self._refreshing

    async def _refresh(self) -> None:
        """Learn who has which slot; all who need it wait for one question.

        Raises:
            Unavailable: no server says.
        """
        await asyncio.wait({self._refresh_soon()}, timeout=self._timeout)
        if not self._slots:
            raise Unavailable("Redis", self._reason)

    async def _refreshed(self) -> None:
        try:
            masters = [address for _, _, address in self._slots]
            for address in dict.fromkeys([*masters, self._seed, *self._wires]):
                try:
                    (found,) = await self._wire(address).run([("CLUSTER", "SLOTS")])
                except Unavailable as error:
                    self._reason = error.reason
                    continue
                if isinstance(found, Exception):
                    self._reason = str(found)
                    continue
                self._learn(found, address)
                return
        finally:
            self._refreshing = None

    def _learn(self, found: Sequence[Any], teller: Address) -> None:
        """Take over the slots; a server that does not know its own address is where we asked it."""
        self._slots = [
            (first, last, (master[0].decode() or teller[0], master[1]))
            for first, last, master, *_ in found
        ]
        self._owners.clear()


def _slot(command: Command) -> int:
    name = argument_of(command, 0)
    return key_slot(argument_of(command, _KEY_AT.get(name, 1)))


def _is_elsewhere(reply: Reply) -> bool:
    return isinstance(reply, Exception) and str(reply).startswith(_ELSEWHERE)


_ELSEWHERE = ("MOVED ", "ASK ", "TRYAGAIN", "CLUSTERDOWN")
