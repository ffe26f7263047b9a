"""What a passage can answer with: sentences, list items, table rows and code, each with its surroundings."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from llmkit.language.sentences import sentences

_FENCE = re.compile(r"^\s*(```+|~~~+)")
_ITEM = re.compile(r"^(\s*)(?:[-*+•o]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+(?=\S)")
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$")
_NUMBERED = re.compile(r"^(?:\d+|[A-Z])(?:\.\d+)*\.?\s{1,4}[A-Z][^.!?:;]{2,70}$")
_PATH = re.compile(r"^[^|>].{0,300} > .{0,200}[^.!?:;]$")
_RULE = re.compile(r"^\s*(?:\|\s*)?(?::?-{2,}:?\s*\|\s*)+(?::?-{2,}:?\s*(?:\|\s*)?)?$")
_VALUE = re.compile(r": .*\d")
"""`Caretaker: Extension 4402` is no title."""
_LEAD = re.compile(r"^(?:\*\*|__)([^*_]{1,60}?)[.:]?(?:\*\*|__)[.:]?\s*(.*)$", re.S)

_SAYS_SOMETHING = re.compile(r"\w|^\s*(?:```|~~~)|^\s*\|.*-")
LONGEST_ITEM = 220
LONGEST_CODE = 8
"""Lines; of more, one line answers and not the whole."""


class UnitKind(StrEnum):
    """Where a unit comes from."""

    SENTENCE = "sentence"
    ITEM = "item"
    ROW = "row"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Unit:
    """The smallest piece of a passage that can answer."""

    kind: UnitKind
    text: str
    heading: str = ""
    """Headings above it, and a bold or numbered lead-in."""
    intro: str = ""
    """The sentence that announces a list or code, or the question that the text answers."""
    block: int = 0
    """Units of one paragraph, list or table share it."""
    cells: tuple[tuple[str, str], ...] = ()
    """Of a table row: pairs of column and value."""


@dataclass(slots=True)
class _Reader:
    """Where the reading of a passage stands."""

    headings: list[str] = field(default_factory=list)
    path: str = ""
    """The headings above the whole passage."""
    lead: str = ""
    intro: str = ""
    block: int = 0

    def unit(self, kind: UnitKind, text: str) -> Unit:
        heading = " > ".join([*self.headings, self.lead] if self.lead else self.headings)
        return Unit(kind, text, heading, self.intro, self.block)

    def enter(self, heading: str) -> None:
        if self.path.endswith(heading):  # the passage begins with the heading that its path ends with
            heading = self.path
        self.headings, self.lead, self.intro = [heading], "", ""


def units_of(text: str) -> list[Unit]:
    """Split a passage. The first line may be a path of headings (`Guide > Install`)."""
    reader = _Reader()
    lines = text.split("\n")
    if len(lines) > 1 and _PATH.match(lines[0].strip()):
        reader.path = lines.pop(0).strip()
        reader.headings = [reader.path]
    found: list[Unit] = []
    was_list = False
    for block in _blocks([line for line in lines if not line.strip() or _SAYS_SOMETHING.search(line)]):
        is_list = bool(_ITEM.match(block[0]))
        reader.block += not (is_list and was_list)  # an empty line between two items does not end a list
        was_list = is_list
        found += _units(block, reader)
    return found


def _blocks(lines: list[str]) -> Iterator[list[str]]:
    """Yield groups of lines that belong together: a fence, a table, a list, a heading, a paragraph."""
    block: list[str] = []
    fence = ""
    for line in lines:
        mark = _FENCE.match(line)
        if fence:
            block.append(line)
            if mark and mark.group(1).startswith(fence):
                yield block
                block, fence = [], ""
        elif mark:
            yield from [block] if block else []
            block, fence = [line], mark.group(1)
        elif not line.strip():
            yield from [block] if block else []
            block = []
        elif block and _is_new(line, block):
            yield block
            block = [line]
        else:
            block.append(line)
    yield from [block] if block else []


def _is_new(line: str, block: list[str]) -> bool:
    """Whether a line cannot belong to the block before it."""
    if _HEADING.match(line) or _HEADING.match(block[-1]):
        return True
    is_row, was_row = line.lstrip().startswith("|"), block[-1].lstrip().startswith("|")
    was_list = bool(_ITEM.match(block[0]))
    return is_row != was_row or (bool(_ITEM.match(line)) and not was_list)


def _units(block: list[str], reader: _Reader) -> list[Unit]:
    first = block[0]
    if _FENCE.match(first):
        return _code(block, reader)
    if heading := _heading(block):
        reader.enter(heading)
        return []
    if first.lstrip().startswith("|") and len(block) > 1:
        return _rows(block, reader)
    if _ITEM.match(first):
        return _items(block, reader)
    return _paragraph(" ".join(block), reader)


def _heading(block: list[str]) -> str:
    if len(block) != 1:
        return ""
    line = block[0].strip()
    match = _HEADING.match(line)
    if match:
        return match.group(1)
    return line if _NUMBERED.match(line) or _is_title(line) else ""


def _is_title(line: str) -> bool:
    """A short line of its own in which every long word begins with a capital."""
    long = [word for word in re.findall(r"[^\W\d_]+", line) if len(word) > 3]
    return (
        len(line) < 80
        and not _VALUE.search(line)
        and line[-1].isalnum()
        and len(long) > 1
        and all(word[0].isupper() for word in long)
    )


def _code(block: list[str], reader: _Reader) -> list[Unit]:
    lines = [line for line in block if not _FENCE.match(line)]
    if len(lines) > LONGEST_CODE:
        return [reader.unit(UnitKind.CODE, line.strip()) for line in lines if _SAYS_SOMETHING.search(line)]
    body = "\n".join(lines).strip("\n")
    return [reader.unit(UnitKind.CODE, body)] if body.strip() else []


def _rows(block: list[str], reader: _Reader) -> list[Unit]:
    rows = [_cells(line) for line in block if not _RULE.match(line)]
    has_header = len(block) > 1 and bool(_RULE.match(block[1]))
    header = rows.pop(0) if has_header else []
    found = []
    for row in rows:
        names = header if len(header) == len(row) else [""] * len(row)
        pairs = tuple((name, value) for name, value in zip(names, row, strict=True) if value)
        if pairs:
            row_unit = reader.unit(UnitKind.ROW, row_text(pairs))
            found.append(replace(row_unit, intro=f"{reader.intro} {pairs[0][0]}".strip(), cells=pairs))
    return found


def _cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|").removesuffix("|")
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", inner)]


def row_text(pairs: Sequence[tuple[str, str]]) -> str:
    """Return a row as it is told: its first cell names it, the others follow with their columns."""
    (_, name), *others = pairs
    rest = "; ".join(f"{column}: {value}" if column else value for column, value in others)
    return f"{name} — {rest}" if rest else name


def _items(block: list[str], reader: _Reader) -> list[Unit]:
    items: list[str] = []
    for line in block:
        match = _ITEM.match(line)
        if match:
            items.append(line[match.end() :].strip())
        else:
            items[-1] += " " + line.strip()
    return [reader.unit(UnitKind.ITEM, part) for item in items for part in _item_parts(item)]


def _item_parts(item: str) -> list[str]:
    """An item is one unit, but a long one is cut into its sentences."""
    return [" ".join(item.split())] if len(item) <= LONGEST_ITEM else sentences(item)


def _paragraph(text: str, reader: _Reader) -> list[Unit]:
    lead = _LEAD.match(text.strip())
    if lead:
        reader.lead, reader.intro = lead.group(1), ""
    found = []
    for sentence in sentences(text):
        found.append(reader.unit(UnitKind.SENTENCE, sentence))
        reader.intro = sentence if sentence.rstrip("*_").endswith((":", "?")) or _announces(sentence) else ""
    if lead and not lead.group(2):
        reader.intro = ""
        return []
    return found


def _announces(sentence: str) -> bool:
    """Whether more belongs to a sentence: "others are made with", before a command."""
    return not sentence.rstrip("*_\"')`").endswith((".", "!", "…")) and len(sentence) > 7
