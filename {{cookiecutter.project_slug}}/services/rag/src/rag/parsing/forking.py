"""The process that forks itself for each file. It looks at no file, and takes orders from its standard input.

An order is a line of JSON, and the answer is a number or null: `["fork", …]` makes a process that writes to the file
descriptor sent along and returns its number; `["look", number]` and `["kill", number]` return how it has ended.
"""

import ctypes
import gc
import json
import os
import signal
import socket
import sys
from contextlib import suppress

LONGEST_LINE = 64 * 1024
PR_SET_PDEATHSIG = 1


def next_arguments() -> list[str] | None:
    """Take orders, and return in each new process what it is to do; None in the first one when nobody needs it."""
    gc.collect()
    gc.freeze()  # what all share stays shared
    children: set[int] = set()
    with socket.socket(fileno=0) as control:
        while True:
            line, passed = _receive(control)
            if not line:
                for child in children:
                    _look(child, kill=True)
                return None
            action, *content = json.loads(line)
            if action == "fork" and (answer := _fork()) == 0:
                control.detach()
                _become(passed)
                return [str(each) for each in content]
            if action == "fork":
                children |= {answer} if answer else set()
            else:
                (child,) = content
                answer = _look(child, kill=action == "kill")
                children -= set() if answer is None else {child}
            for descriptor in passed:
                os.close(descriptor)
            control.sendall(json.dumps(answer).encode())


def _receive(control: socket.socket) -> tuple[bytes, list[int]]:
    """Return a whole line, nothing at the end, and the file descriptors that came with it."""
    line, passed, *_ = socket.recv_fds(control, LONGEST_LINE, 1)
    while line and not line.endswith(b"\n"):
        more = control.recv(LONGEST_LINE)
        line = line + more if more else b""
    return line, passed


def _fork() -> int | None:
    """Return 0 in the new process and its number in the old one; None when the system makes none."""
    with suppress(OSError):
        return os.fork()
    return None


def _become(passed: list[int]) -> None:
    """Write to the given file, and be unable to reach who gives the orders."""
    os.dup2(passed[0], 1)
    os.close(passed[0])
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _look(child: int, *, kill: bool) -> int | None:
    """Return the wait status of a child that has ended, or is ended now."""
    if kill:
        os.kill(child, signal.SIGKILL)  # its number is not given anew before it was waited for
    number, status = os.waitpid(child, 0 if kill else os.WNOHANG)
    return status if number else None
