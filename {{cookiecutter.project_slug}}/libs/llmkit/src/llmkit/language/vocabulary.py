"""Word lists of English: what carries no content, what carries little, what means nearly the same."""

from importlib.resources import files

PACKAGE = "llmkit.language"


def read_lines(package: str, name: str) -> list[str]:
    """Return the lines of a file in a package's `data` folder, without comments and empty ones."""
    text = (files(package) / "data" / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def read_words(name: str) -> frozenset[str]:
    """Return the words of one of this package's lists."""
    return frozenset(word for line in read_lines(PACKAGE, name) for word in line.split())


STOP = read_words("stop.txt")
GENERIC = read_words("generic.txt")
VERBS = read_words("verbs.txt")
"""What is done is often said with another verb than the question's, so verbs weigh less than nouns."""
IRREGULAR = {form: base for form, _, base in (pair.partition(":") for pair in sorted(read_words("irregular.txt")))}
SYNONYMS = tuple(read_lines(PACKAGE, "synonyms.txt"))
"""Each entry is a group of words that a question may use for one another."""
