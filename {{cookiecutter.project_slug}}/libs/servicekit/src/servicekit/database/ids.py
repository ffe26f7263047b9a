"""Identifiers that sort by the time they were made."""

import os
import threading
import time
from uuid import UUID

_lock = threading.Lock()
_last = 0


def uuid7() -> UUID:
    """Return a version 7 UUID (RFC 9562): milliseconds since 1970, a counter that never goes back, and random bits.

    Those made in one process sort in the order of their making. The standard library has this from Python 3.14 on.
    """
    global _last
    random = int.from_bytes(os.urandom(8), "big") & (1 << 62) - 1
    now = time.time_ns()
    stamp = (now // 1_000_000) << 12 | (now % 1_000_000) * 4096 // 1_000_000
    with _lock:
        _last = stamp = max(stamp, _last + 1)
    return UUID(int=(stamp >> 12) << 80 | 0x7 << 76 | (stamp & 0xFFF) << 64 | 0b10 << 62 | random)
