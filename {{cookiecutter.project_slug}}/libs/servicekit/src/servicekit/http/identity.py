"""How a request is named in logs, errors and answers."""

import random
import re
from collections.abc import Mapping

_VALID = re.compile(rb"[A-Za-z0-9._-]{1,128}").fullmatch


def request_id(headers: Mapping[bytes, bytes]) -> str:
    """The caller's `X-Request-ID` if it is harmless in a log line, else a new one."""
    given = headers.get(b"x-request-id")
    if given is not None and _VALID(given):
        return given.decode("ascii")
    return f"{random.getrandbits(128):032x}"
