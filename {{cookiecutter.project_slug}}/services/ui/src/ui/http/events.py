"""Server-sent events, as the services stream them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a stream."""

    name: str
    data: str


def read_events(lines: Iterable[str]) -> Iterator[Event]:
    """Yield the events of a stream of lines without their ends.

    Comments (which keep a connection open) and unknown fields are skipped; an event that the stream's end cuts off is
    dropped, as the format demands.
    """
    name = ""
    data: list[str] = []
    for line in lines:
        if not line:
            if data:
                yield Event(name or "message", "\n".join(data))
            name, data = "", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
