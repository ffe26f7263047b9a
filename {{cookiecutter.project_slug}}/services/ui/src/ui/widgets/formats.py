"""Figures, sizes, times and foreign text, written for people."""

import re
from datetime import UTC, datetime

KILO = 1024
SECOND_MS = 1000
MINUTE, HOUR, DAY, WEEK = 60, 3600, 86_400, 604_800
SMALLEST_MONEY = 0.0001
NARROW = "\N{NO-BREAK SPACE}"  # between a figure and its unit

MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:])")
DIRECTIVE = re.compile(r":(?=[a-z]+(?:-[a-z]+)*[\[/])|:(?=material/)")


def size(octets: int) -> str:
    """Write a number of bytes."""
    value = float(octets)
    for unit in ("B", "KB", "MB"):
        if value < KILO:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 10 else f"{value:.1f} {unit}"
        value /= KILO
    return f"{value:.1f} GB"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Write `1 page`, `12,345 pages`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def money(dollars: float) -> str:
    """Write what something cost; amounts below a cent keep the digits that say something."""
    if dollars == 0:
        return "$0"
    if dollars < SMALLEST_MONEY:
        return f"<${SMALLEST_MONEY}"
    return f"${dollars:,.2f}" if dollars >= 1 else f"${dollars:.4f}".rstrip("0")


def milliseconds(value: float) -> str:
    """Write a duration."""
    return f"{value:.0f}{NARROW}ms" if value < SECOND_MS else f"{value / SECOND_MS:.1f}{NARROW}s"


def moment(at: datetime) -> str:
    """Write a point in time, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def ago(at: datetime, now: datetime | None = None) -> str:
    """Write how long ago something was; after a week, the day."""
    seconds = max(0.0, ((now or datetime.now(UTC)) - at).total_seconds())
    if seconds < MINUTE:
        return "just now"
    if seconds < HOUR:
        return f"{seconds // MINUTE:.0f} min ago"
    if seconds < DAY:
        return f"{seconds // HOUR:.0f} h ago"
    if seconds < WEEK:
        return f"{seconds // DAY:.0f} d ago"
    return at.astimezone(UTC).strftime("%d %b %Y")


def figure(value: float) -> str:
    """Write a measure with as many digits as matter."""
    if value and abs(value) < 0.001:
        return f"{value:.1e}"
    return f"{value:,.3f}".rstrip("0").rstrip(".") if abs(value) < KILO else f"{value:,.0f}"


def label(name: str) -> str:
    """Write an identifier as words: `recall_at_5` becomes `recall at 5`."""
    return name.replace("_", " ").replace(".", " ")


def plain(text: str) -> str:
    """Return Markdown that shows exactly this text, on one line: for names that others have chosen."""
    return MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def harmless(text: str) -> str:
    """Return an answer's Markdown without what Streamlit adds to Markdown, and without pictures.

    A `$` stays a dollar (not a formula), `:name[` stays text (not a coloured box or an icon), and a picture becomes
    its own source: nothing is fetched because a document or a model said so.
    """
    shown = text.replace("$", r"\$").replace("![", r"!\[")
    return DIRECTIVE.sub(r"\\:", shown)
