"""Splitting prose into sentences, without being fooled by abbreviations, initials and numbers."""

import re

from llmkit.language.vocabulary import read_words

_END = re.compile(r"[.!?…]+[\"'”’)\]*_`]*(?=\s+(?:[\"'“‘(\[*_]*[A-Z0-9À-ÖØ-Þ/]|[*_]*`))|[。！？]")  # noqa: RUF001 - full stops of Chinese and Japanese
_ABBREVIATIONS = read_words("abbreviations.txt")
_LAST_WORD = re.compile(r"([\w.]+)\.$")


def sentences(text: str) -> list[str]:
    """Return the sentences of one paragraph; white space is folded, and nothing else is lost."""
    folded = " ".join(text.split())
    found: list[str] = []
    start = 0
    for match in _END.finditer(folded):
        if _is_abbreviation(folded[start : match.end()]):
            continue
        found.append(folded[start : match.end()].strip())
        start = match.end()
    found.append(folded[start:].strip())
    return [sentence for sentence in found if sentence]


def _is_abbreviation(text: str) -> bool:
    match = _LAST_WORD.search(text)
    if match is None:
        return False
    word = match.group(1).lower()
    return word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha() and match.group(1).isupper())
