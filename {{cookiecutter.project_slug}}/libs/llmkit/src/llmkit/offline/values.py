"""Values in a text: numbers, dates, addresses, quoted words, names."""

import re
from datetime import UTC, date, datetime, time

from llmkit.offline.kinds import MONTH

_NUMBER = re.compile(r"(?<![\w.])[-+\u2212]?\d+(?:[,\u202f ]\d{3})*(?:\.\d+)?(?!\w*\d|\.\d)")
_SCALE = re.compile(r"\s*(thousand|million|billion|trillion|k|m|bn)\b", re.I)
_FACTORS = {"thousand": 1e3, "k": 1e3, "million": 1e6, "m": 1e6, "billion": 1e9, "bn": 1e9, "trillion": 1e12}
_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_DAY_FIRST = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?\.?\s+(?:of\s+)?({MONTH})\.?,?\s+(\d{{4}})\b", re.I)
_MONTH_FIRST = re.compile(rf"\b({MONTH})\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}})\b", re.I)
_DOTTED = re.compile(r"\b(\d{1,2})\.(\d{1,2})\.(\d{4})\b")
_TIME = re.compile(r"\b([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?\b")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
PATTERNS = {
    "email": re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b"),
    "uri": re.compile(r"\bhttps?://[^\s<>\"'`)\]]+"),
    "uuid": re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.I),
    "ipv4": re.compile(r"\b(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\b"),
}
_QUOTED = re.compile(r"[\"“„«]([^\"“”„«»]{1,200})[\"”“»]|`([^`]{1,200})`|(?<!\w)'([^']{1,200})'(?!\w)")


def numbers(text: str) -> list[tuple[float, int]]:
    """Return all numbers with their positions; `4.3 billion` is multiplied out, `4,312` is one number."""
    found = []
    for match in _NUMBER.finditer(text):
        value = float(re.sub("[,\u202f ]", "", match.group()).replace("\u2212", "-"))
        scale = _SCALE.match(text, match.end())
        found.append((value * (_FACTORS[scale.group(1).lower()] if scale else 1), match.start()))
    return found


def dates(text: str) -> list[date]:
    """Return all complete dates; `03/04/2025` is not read, because nobody knows which is the month."""
    found: list[tuple[int, date]] = []
    for pattern, order in ((_ISO, "ymd"), (_DAY_FIRST, "dmy"), (_MONTH_FIRST, "mdy"), (_DOTTED, "dmy")):
        for match in pattern.finditer(text):
            values = dict(zip(order, match.groups(), strict=True))
            day = _date(values["y"], values["m"], values["d"])
            if day:
                found.append((match.start(), day))
    return [day for _, day in sorted(found)]


def _date(year: str, month: str, day: str) -> date | None:
    number = int(month) if month.isdigit() else _MONTHS.index(month[:3].lower()) + 1
    try:
        return date(int(year), number, int(day))
    except ValueError:
        return None


def moment(text: str) -> datetime | None:
    """Return the first date with the first time of day in the text (midnight if there is none)."""
    found = dates(text)
    if not found:
        return None
    match = _TIME.search(text)
    hour, minute, second = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    return datetime.combine(found[0], time(hour, minute, second), tzinfo=UTC)


def quoted(text: str) -> list[str]:
    """Return what stands in quotation marks or backticks."""
    return [next(group for group in match.groups() if group) for match in _QUOTED.finditer(text)]
