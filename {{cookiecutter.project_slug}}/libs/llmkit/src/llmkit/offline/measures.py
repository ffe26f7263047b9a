"""Units of measurement: which words of a question ask for them, and how they look in a text."""

import re

from llmkit.language.words import stem

_NUMBER = r"(?<!\d)\d[\d.,]*\s?"
_MEASURES = (
    ("weight mass heavy", r"(?:kg|g|mg|t|lb|lbs|oz|kilograms?|grams?|tonnes?|tons?|pounds?)\b"),
    (
        "distance far length long height tall high width wide depth deep",
        r"(?:km|m|cm|mm|mi|ft|in|miles?|met(?:er|re)s?|kilomet(?:er|re)s?|feet|inch(?:es)?)\b",
    ),
    ("volume capacity water liquid fuel oil milk", r"(?:l|ml|cl|hl|lit(?:er|re)s?|millilit(?:er|re)s?|gallons?|m³)\b"),
    ("temperature hot warm cold heat", r"(?:°\s?[CF]?|degrees?|kelvin)"),
    ("speed fast velocity", r"(?:km/h|mph|m/s|knots?|rpm|(?:[^\W\d]\w*\s)?(?:a|per) (?:second|minute|hour))"),
    ("pressure", r"(?:bar|mbar|k?pa|psi)\b"),
    ("power wattage", r"(?:[kmg]?w|watts?|kilowatts?|megawatts?|hp)\b"),
    ("voltage tension", r"(?:k?v|volts?)\b"),
    ("energy electricity consumption", r"(?:[kmgt]?wh|joules?|k?cal)\b"),
    (
        "memory storage disk size large big bytes",
        r"(?:[kmgt]i?b|bytes?|octets?|bits?|kilobytes?|megabytes?|gigabytes?)\b",
    ),
    ("frequency", r"(?:[kmg]?hz|hertz)\b"),
    ("age old", r"(?:years?|months?|days?)\b"),
)
_BY_STEM = {stem(word): re.compile(_NUMBER + pattern, re.I) for names, pattern in _MEASURES for word in names.split()}
_NOUNS = {
    "heavy": "weight", "long": "length", "far": "distance", "tall": "height", "high": "height", "wide": "width",
    "deep": "depth", "fast": "speed", "large": "size", "big": "size", "old": "age", "hot": "temperature",
    "warm": "temperature", "expensive": "price", "loud": "noise", "strong": "strength",
}  # fmt: skip


def is_measured(word: str, text: str) -> bool:
    """Whether a text holds a number with a unit of what a word (as a stem) names: `15 bar` for `pressure`."""
    pattern = _BY_STEM.get(word)
    return bool(pattern and pattern.search(text))


def noun_of(adjective: str) -> str | None:
    """Return what `how heavy` asks for: `weight`."""
    return _NOUNS.get(adjective)
