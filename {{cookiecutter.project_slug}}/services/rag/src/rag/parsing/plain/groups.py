"""What a group of lines between blank lines is: a heading, a list, something that keeps its layout, or a paragraph."""

import re
from collections.abc import Sequence

from rag.parsing.plain.lines import Line

LONGEST_HEADING = 90
NUMBERED = re.compile(r"(?P<number>\d{1,3}(?:\.\d{1,3})*|[A-Z](?:\.\d{1,3})+)\.?\s{1,4}(?P<words>\S.*)$")
NAMED = re.compile(
    r"(?:Appendix|Annex|Chapter|Part|Section)\s+(?:\d+|[A-Z]|[IVXL]+)\b(?:[.:\s-]+\S.*)?$", re.IGNORECASE
)
LEADER = re.compile(r"(?:\.\s?){4,}\s*\S{0,6}$|\s{3,}\d+$")
UNDERLINE = re.compile(r"\s*([=\-~^*#])\1{2,}\s*$")
ITEM = re.compile(r"\s*(?:[o*+•·\u2013-]|\(?(?:\d{1,3}|[a-z]|[ivx]{1,5})[.)])\s+\S")
RULED = re.compile(r"[-+=_|]{3,}|^\s*[|+].*[|+]\s*$|<?-{2,}>|={3,}")
WIDE_GAP = re.compile(r"\S {3,}\S|\S\t+\S")
CODE_SIGN = re.compile(r"[{}()\[\]<>=;\\/$#|&^~_]|::")
SENTENCE_MARK = re.compile(r"[.:;?!]$")
DEEP = 3
"""Spaces beyond the margin that set code off from prose."""
DENSE_SIGNS = 0.07


def heading_level(group: Sequence[Line], margin: int) -> int:
    """Return the level of the heading that the group is, or 0."""
    if len(group) == 2 and (mark := UNDERLINE.match(group[1].text)) and not UNDERLINE.match(group[0].text):
        return 1 if mark[1] in "=#*" else 2
    if len(group) > 2:
        return 0
    text = " ".join(line.text.strip() for line in group)
    if (
        len(text) > LONGEST_HEADING
        or LEADER.search(group[0].text)
        or group[0].indent > margin
        or SENTENCE_MARK.search(text)
    ):
        return 0
    return _numbered_level(text) or _plain_level(text, group, margin)


def _numbered_level(text: str) -> int:
    if (found := NUMBERED.match(text)) and found["words"][0].isupper():
        return found["number"].count(".") + 1
    return 1 if NAMED.match(text) else 0


def _plain_level(text: str, group: Sequence[Line], margin: int) -> int:
    """Know headings without a number: out in the margin while the text is indented, or all in capitals."""
    letters = [sign for sign in text if sign.isalpha()]
    if len(group) > 1 or len(letters) < 3 or WIDE_GAP.search(text) or ITEM.match(text):
        return 0
    out = margin >= 2 and group[0].indent == 0 and text[0].isupper()
    return 1 if out or all(letter.isupper() for letter in letters) else 0


def keeps_layout(group: Sequence[Line], margin: int) -> bool:
    """Whether line ends and spaces have a meaning: diagrams, tables by columns, code, grammars."""
    count = len(group)
    ruled = sum(RULED.search(line.text) is not None for line in group)
    gaps = sum(WIDE_GAP.search(line.text.strip()) is not None for line in group)
    if ruled * 5 >= count * 2 or (count > 1 and gaps * 2 >= count):
        return True
    return all(line.indent >= margin + DEEP for line in group) and _looks_like_code(group)


def _looks_like_code(group: Sequence[Line]) -> bool:
    text = " ".join(line.text.strip() for line in group)
    return len(CODE_SIGN.findall(text)) >= DENSE_SIGNS * len(text) or _ragged(group)


def _ragged(group: Sequence[Line]) -> bool:
    """Whether short lines of different indents follow each other, as in code and never in prose."""
    if len(group) < 3 or any(ITEM.match(line.text) for line in group):
        return False
    return len({line.indent for line in group}) >= 3 and max(len(line.text.strip()) for line in group) < 50


def items(group: Sequence[Line]) -> list[list[Line]]:
    """Divide a list into its items; nothing when the group is not a list."""
    if not ITEM.match(group[0].text):
        return []
    first = group[0].indent
    found: list[list[Line]] = []
    for line in group:
        if not found or (line.indent <= first + 8 and ITEM.match(line.text)):
            found.append([line])
        else:
            found[-1].append(line)
    single = len(found) == 1 and len(group) > 1 and group[1].indent <= first
    return [] if single else found
