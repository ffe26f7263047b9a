"""Made-up words, as often repeated as in a language (Zipf's law), and texts of them."""

import random
from collections.abc import Iterator
from itertools import accumulate, pairwise
from pathlib import Path

ONSETS = ("b", "br", "c", "d", "dr", "f", "g", "gl", "l", "m", "n", "p", "pl", "r", "s", "st", "t", "tr", "v")
VOWELS = ("a", "e", "i", "o", "u", "ai", "ea", "ou")
CODAS = ("", "l", "n", "r", "s", "t", "nd", "st")
VOCABULARY = 8000
SECTIONS_A_FILE = 1000
SENTENCES_A_SECTION = 14
"""About 150 words, so that a section is a chunk of its own."""
LITTLE = ("the", "of", "and", "to", "in", "is", "for", "with", "on", "by")


class Words:
    """A language of its own, spoken at random."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._words = sorted(_vocabulary(random.Random(1)))  # noqa: S311 - one language for all texts
        random.Random(2).shuffle(self._words)  # noqa: S311
        self._weights = list(accumulate(1 / (rank + 10) for rank in range(len(self._words))))

    def word(self) -> str:
        """Return one word."""
        return self._chance.choices(self._words, cum_weights=self._weights)[0]

    def number(self, low: int, high: int) -> int:
        """Return a number between two, which both can be."""
        return self._chance.randint(low, high)

    def sentence(self) -> str:
        """Return a sentence of 8 to 14 words, every third of them a little one."""
        count = self._chance.randint(8, 14)
        chosen = self._chance.choices(self._words, cum_weights=self._weights, k=count)
        chosen[1::3] = self._chance.choices(LITTLE, k=len(chosen[1::3]))
        return " ".join(chosen).capitalize() + "."

    def paragraph(self, sentences: int) -> str:
        """Return some sentences."""
        return " ".join(self.sentence() for _ in range(sentences))

    def title(self) -> str:
        """Return a heading of three words."""
        return " ".join(self.word() for _ in range(3)).capitalize()


def write_library(folder: Path, sections: int, seed: int) -> None:
    """Write Markdown files with so many sections in all."""
    folder.mkdir(parents=True)
    words = Words(random.Random(seed))  # noqa: S311 - the same files every time is the purpose
    starts = [*range(0, sections, SECTIONS_A_FILE), sections]
    for first, end in pairwise(starts):
        text = "".join(_section(words, number) for number in range(first, end))
        (folder / f"volume-{first // SECTIONS_A_FILE:03d}.md").write_text(f"# Volume {first}\n\n{text}")


def questions(count: int, seed: int) -> list[str]:
    """Return questions of five words, which some sections share."""
    words = Words(random.Random(seed))  # noqa: S311 - as above
    return [" ".join(words.word() for _ in range(5)) for _ in range(count)]


def _section(words: Words, number: int) -> str:
    half = SENTENCES_A_SECTION // 2
    return f"## {number} {words.title()}\n\n{words.paragraph(half)}\n\n{words.paragraph(half)}\n\n"


def _vocabulary(chance: random.Random) -> Iterator[str]:
    seen: set[str] = set()
    while len(seen) < VOCABULARY:
        syllables = chance.randint(1, 3) + 1
        word = "".join(chance.choice(ONSETS) + chance.choice(VOWELS) for _ in range(syllables)) + chance.choice(CODAS)
        if word not in seen:
            seen.add(word)
            yield word
