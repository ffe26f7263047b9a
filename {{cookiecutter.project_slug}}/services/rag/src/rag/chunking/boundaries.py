"""Where a text may be cut: after a sentence, a line, a blank line or a word, whatever comes last before a limit."""

import re
from collections.abc import Callable
from typing import TypeAlias

Cutter: TypeAlias = Callable[[str, int], int]
"""Returns where to cut a text at the latest at a limit, which is at least 1 and below the text's length."""

LATE, EARLIEST = 0.75, 0.4
"""Parts of the room behind which a cut is looked for, first here and then there: less used room is no good cut."""
SENTENCE = re.compile(
    r"""(?:[.!?…]["'”\u2019)\]]*\s+(?=["'“\u2018(\[]?[^\Wa-zß-ÿ_])  # and a capital letter or a digit after it
    |[。\uff01\uff1f]["”』」]?                                      # these need no space
    |\n+)""",
    re.VERBOSE,
)
SPACES = " \n\t\u00a0\u3000"
LINE = re.compile(r"\n+")
BLANK_LINE = re.compile(r"\n\s*\n")
ABBREVIATION = re.compile(
    r"(?:^|[\s(\[“\"])(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|No|Nos|Nr|Fig|Figs|Eq|Sec|Ch|Art|Vol|vol|pp?|ed|eds|al|cf|vs|etc|e\.g|i\.e|z\.B|d\.h|"
    r"bzw|ca|approx|resp|Inc|Ltd|Corp|Co|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|U\.S|U\.K)\.$"
)
LOOK_BACK = 12
OVERLAP = 8
"""Characters that both looks see, since a match may begin in one and end in the other."""


def _last(pattern: re.Pattern[str], text: str, limit: int, *, sentence: bool = False) -> int:
    """Return the end of the last match between the earliest place and the limit, or 0."""
    at, end = 0, limit
    for begin in (int(limit * LATE), int(limit * EARLIEST)):
        for found in pattern.finditer(text, begin, end):
            if not sentence or not _is_abbreviation(text, found):
                at = found.end()
        if at:
            return at
        end = min(limit, begin + OVERLAP)
    return 0


def _is_abbreviation(text: str, found: re.Match[str]) -> bool:
    stop = found.start() + 1
    return found[0][0] == "." and ABBREVIATION.search(text[max(0, stop - LOOK_BACK) : stop]) is not None


def after_sentence(text: str, limit: int) -> int:
    """Cut after a sentence or line, else after a word."""
    return _last(SENTENCE, text, limit, sentence=True) or after_word(text, limit)


def after_line(text: str, limit: int) -> int:
    """Cut after a line, else as in prose: for lists."""
    return _last(LINE, text, limit) or after_sentence(text, limit)


def after_blank_line(text: str, limit: int) -> int:
    """Cut after a blank line, else after a line, else after a word: for code."""
    return _last(BLANK_LINE, text, limit) or _last(LINE, text, limit) or after_word(text, limit)


def after_word(text: str, limit: int) -> int:
    """Cut after a word. One that is longer than the room is cut inside."""
    if text[limit].isspace():  # the word ends exactly here
        return limit
    return max(text.rfind(space, 1, limit) for space in SPACES) + 1 or limit


def next_sentence(text: str, start: int) -> int:
    """Return where the first sentence begins at or after a place, or the length of the text."""
    for found in SENTENCE.finditer(text, max(0, start - 3)):
        if found.end() >= start and not _is_abbreviation(text, found):
            return found.end()
    return len(text)
