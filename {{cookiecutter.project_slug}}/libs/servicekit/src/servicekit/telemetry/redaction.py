"""Takes secrets out of what is logged and reported."""

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

Redactor: TypeAlias = Callable[[str], str]

MASK = "[redacted]"
MAX_DEPTH = 8

_SECRET_NAMES = re.compile(
    r"passw(or)?d|secret|(^|[_-])token$|authorization|api[_-]?key|cookie|credential|(^|[_-])dsn$|private[_-]?key", re.I
)
_SECRET_VALUES = re.compile(
    r"\bpk_[A-Za-z0-9]+_[A-Za-z0-9_-]+"  # our API keys
    r"|\b(?:sk|rk)-[A-Za-z0-9_-]{16,}"  # keys of model providers
    r"|\bBearer\s+\S+"
    r"|\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"  # JSON web tokens
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)",  # user:password in an address
    re.I,
)


_more: dict[str, Redactor] = {}


def redact_also(what: str, redactor: Redactor) -> None:
    """Let a function go over every text from now on, in place of the one that was named the same before."""
    _more[what] = redactor


def redact_text(text: str) -> str:
    """Mask what looks like a secret inside a text, then whatever else was asked for."""
    text = _SECRET_VALUES.sub(MASK, text)
    for redactor in _more.values():
        text = redactor(text)
    return text


def redact(value: object, depth: int = 0) -> object:
    """Return a copy without secrets: known by the name of their field, or by their looks."""
    if isinstance(value, str):
        return redact_text(value)
    if depth > MAX_DEPTH:
        return MASK
    if isinstance(value, Mapping):
        return {
            name: MASK if isinstance(name, str) and _SECRET_NAMES.search(name) and item else redact(item, depth + 1)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item, depth + 1) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact_text(str(value))
