"""Become another program on one core: `python pinned.py CORE PROGRAM ARGUMENT...`.

Set before the program starts, so that the threads of its libraries are on that core too.
"""

import os
import sys

if __name__ == "__main__":
    os.sched_setaffinity(0, {int(sys.argv[1])})
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - that is what this file is for
