"""Where code stands in Markdown: what is in it is shown as it is and never rendered."""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator

_TICKS = re.compile(r"`+")
_FENCE = re.compile(r"^[ ]{0,3}(`{3,}(?!.*`)|~{3,})")


def code_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each fenced block and each inline span begins and ends, in order. Takes time linear in the text."""
    at = 0
    for start, end in _fences(text):
        yield from _inline(text, at, start)
        yield start, end
        at = end
    yield from _inline(text, at, len(text))


def _fences(text: str) -> Iterator[tuple[int, int]]:
    at = start = 0
    mark = ""
    for line in text.splitlines(keepends=True):
        fence = _FENCE.match(line)
        if not mark and fence:
            start, mark = at, fence.group(1)
        elif mark and line.strip() and set(line.strip()) == {mark[0]} and len(line.strip()) >= len(mark):
            yield start, at + len(line)
            mark = ""
        at += len(line)
    if mark:
        yield start, len(text)


def _inline(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Spans between two runs of the same number of backticks."""
    runs = [(match.start(), match.end()) for match in _TICKS.finditer(text, start, end)]
    by_length: dict[int, list[int]] = defaultdict(list)
    for first, last in runs:
        by_length[last - first].append(first)
    at = start
    for first, last in runs:
        if first < at:
            continue
        same = by_length[last - first]
        following = bisect_right(same, first)
        if following < len(same):
            at = same[following] + last - first
            yield first, at
