"""Text as the metrics see it: without case, without Markdown's marks, cut into words and sentences."""

import re
import unicodedata

MARKER = re.compile(r"\[(\d+)\]")
"""A citation inside an answer."""
_MARKS = re.compile(r"[`*]+|^\s*(?:#{1,6}|[-+>])\s+", re.MULTILINE)
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"\w+(?:[.,']\w+)*")
_END = re.compile(r"(?<!\be\.g)(?<!\bi\.e)[.!?][\"')\]]*(?:\s*\[\d+\])*(?=\s|$)|\n+")
_SUFFIXES = ("ing", "ed", "es", "s", "e")
_SHORTEST_STEM = 4
_TYPOGRAPHIC = "\N{RIGHT SINGLE QUOTATION MARK}"
_LITTLE = (
    "a an and any are as at be been but by can did do does for from had has have he her his how i if in "
    "into is it its may no not of on one or our she so some such than that the their them then there "
    "these they this those to up us was we were what when where which who whom whose why will with would "
    "you your "
)
STOP_WORDS = frozenset(_LITTLE.split())


def normal(text: str) -> str:
    """Return the text in one line and lower case, without the marks of emphasis, code, headings and lists."""
    plain = unicodedata.normalize("NFKC", text).replace(_TYPOGRAPHIC, "'")
    return _SPACE.sub(" ", _MARKS.sub("", plain)).strip().casefold()


def words(text: str) -> list[str]:
    """Return the words in order; `1.5` and `don't` are one word each."""
    return _WORD.findall(normal(MARKER.sub(" ", text)))


def content_words(text: str) -> set[str]:
    """Return what the text is about: its words without the little ones, reduced to a crude stem."""
    return {_stem(word) for word in words(text) if word not in STOP_WORDS}


def numbers(text: str) -> set[str]:
    """Return the words that hold a digit: what an answer must not get wrong."""
    return {word for word in words(text) if any(character.isdigit() for character in word)}


def sentences(text: str) -> list[str]:
    """Return the sentences and list items; citations after a full stop belong to the sentence before it."""
    found, start = [], 0
    for end in _END.finditer(text):
        found.append(text[start : end.end()].strip())
        start = end.end()
    found.append(text[start:].strip())
    return [sentence for sentence in found if sentence]


def _stem(word: str) -> str:
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _SHORTEST_STEM:
            return word.removesuffix(suffix)
    return word
