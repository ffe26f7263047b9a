"""What the parser process gives up before it looks at a file: memory, time, new files, programs and the network.

Some systems cannot do all of it (macOS has no network namespaces and may not limit address space). What is possible is
done; the parent has a clock of its own and trusts nothing that it is sent.
"""

import contextlib
import ctypes
import math
import os
import resource
import sys

from rag.parsing.limits import ParsingLimits

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
OPEN_FILES = 64
WRITING = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
FORBIDDEN = (
    "socket.",
    "subprocess.",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "pty.",
    "ftplib.",
    "urllib.",
)


def confine(limits: ParsingLimits) -> None:
    """Give up everything that parsing does not need. It cannot be taken back."""
    _leave_network()
    for what, most in (
        (resource.RLIMIT_CPU, math.ceil(limits.max_seconds) + 1),
        (resource.RLIMIT_AS, limits.max_memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_NPROC, 0),
    ):
        with contextlib.suppress(
            ValueError, OSError
        ):  # a lower limit is there already, or the system has no such limit
            resource.setrlimit(what, (most, most))
    sys.addaudithook(_refuse)


def _leave_network() -> None:
    """Move into a network namespace that has no interfaces, where the system lets us."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).unshare(CLONE_NEWUSER | CLONE_NEWNET)


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if event.startswith(FORBIDDEN):
        raise PermissionError(f"{event} is not allowed in the parser process")
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING:
        raise PermissionError("the parser process writes no files")
