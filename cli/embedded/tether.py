"""Become another program that dies with the one that started it: `python tether.py ... PROGRAM`.

Run by path in an isolated interpreter (30 ms) between fork and exec, because nothing else is safe
there in a program that has threads. Arguments: death signal, pid of the parent, uid and gid to
become (-1: stay), `search` or `plain`, then the program and its arguments.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG, _PR_SET_KEEPCAPS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 1, 8, 47, 2
_CAPABILITY_VERSION_3 = 0x20080522
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2

CANNOT = 126
"""Exit code where the program could not be started as asked; the reason is on stderr."""


def _become(uid: int, gid: int, *, search: bool) -> None:
    """Drop root; with `search`, keep the right to pass through directories closed to the user.

    PostgreSQL refuses root, and root's home is closed to all others (0700): with the project
    cloned there, its server could not even reach its own program.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if search:
        libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    # Reading suffices, but containers are commonly given only the wider of the two.
    if search and not (_keep(libc, _CAP_DAC_READ_SEARCH) or _keep(libc, _CAP_DAC_OVERRIDE)):
        sys.exit("tether: no capability to pass through closed directories")


def _keep(libc: ctypes.CDLL, capability: int) -> bool:
    """Hold exactly this capability, across exec too; False where root itself did not have it."""
    mask = 1 << capability
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    # effective, permitted, inheritable: for capabilities 0-31, then for the rest
    sets = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
    return not (
        libc.capset(header, sets)
        or libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0)
    )


def main(arguments: list[str]) -> None:
    """Take the user and the death signal, then become the program; never returns."""
    death_signal, parent, uid, gid = map(int, arguments[:4])
    if uid >= 0:
        _become(uid, gid, search=arguments[4] == "search")
    if sys.platform == "linux":  # after the change of user, which clears it
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:  # it died before we could ask to be told
        sys.exit("tether: the parent is gone")
    program = arguments[5:]
    try:
        os.execv(program[0], program)  # noqa: S606  (that is what this file is for)
    except OSError as error:
        print(f"{program[0]}: {error.strerror}", file=sys.stderr)  # noqa: T201  (into the log)
        sys.exit(CANNOT)


if __name__ == "__main__":
    main(sys.argv[1:])
