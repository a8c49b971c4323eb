"""The names by which generated source speaks of objects: the globals it is executed with."""

import re
from typing import Any

_ODD = re.compile(r"\W")


class Names:
    """Gives every object one name, which begins as the reader expects: `user_profile_3`."""

    def __init__(self) -> None:
        self.globals: dict[str, Any] = {}
        self._known: dict[int, str] = {}
        self._count = 0

    def of(self, thing: object, hint: str) -> str:
        """Return the name of an object, which lives as long as these names."""
        name = self._known.get(id(thing))
        if name is None:
            name = self._known[id(thing)] = self.new(hint)
            self.globals[name] = thing
        return name

    def new(self, hint: str) -> str:
        """Return a name that nothing has yet."""
        self._count += 1
        return f"{_ODD.sub('_', hint)}_{self._count}"
