"""Which keys are safe: they can only mean something inside the store, on every kind of store."""

import re

from servicekit.storage.ports import InvalidKey

LONGEST = 512
_SEGMENT = re.compile(r"[A-Za-z0-9_=@+,.-]+")


def check_key(key: str) -> str:
    """Return the key if it is `segment/segment/…` of plain characters; InvalidKey otherwise."""
    if not key or len(key) > LONGEST:
        raise InvalidKey(f"a key has 1 to {LONGEST} characters, not {len(key)}")
    for segment in key.split("/"):
        if not _SEGMENT.fullmatch(segment) or segment in (".", ".."):
            raise InvalidKey(f"the part {segment[:80]!r} of a key is not allowed")
    return key


def check_prefix(prefix: str) -> str | None:
    """Return a prefix without its closing slash, None for the whole store; InvalidKey when no key can begin so."""
    stripped = prefix.removesuffix("/")
    return check_key(stripped) if stripped else None
