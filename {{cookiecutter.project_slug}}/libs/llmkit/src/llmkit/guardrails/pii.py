"""Personal data in text, found by pattern and proved by checksum, replaced by placeholders.

A pattern alone would take order numbers for cards and versions for addresses; each kind therefore has a test that its
number must pass.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from llmkit.guardrails.checksums import is_address, is_card, is_iban, is_phone, is_ssn


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text without personal data, and how much of each kind was in it."""

    text: str
    found: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """A piece of personal data: where it begins and ends, and its kind."""

    start: int
    end: int
    kind: str


class Redactor(Protocol):
    """Removes personal data from text."""

    def redact(self, text: str) -> Redacted:
        """Replace each finding by `[kind]`."""
        ...


_KINDS: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = (
    ("email", re.compile(r"(?<![\w.+-])[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![\w-])"), lambda _: True),
    ("iban", re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]){11,30}(?!\w)"), is_iban),
    ("card", re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])"), is_card),
    ("ssn", re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])"), is_ssn),
    ("ip", re.compile(r"(?<![\w.:])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)"), is_address),
    ("ip", re.compile(r"(?<![\w:.])[0-9A-Fa-f:]{2,39}(?:(?:\d{1,3}\.){3}\d{1,3})?(?![\w:]|\.\d)"), is_address),
    ("phone", re.compile(r"(?<![\w+.])(?:\+|00)[1-9](?:[ ./()-]{0,3}\d){6,14}(?![\w-]|\.\d)"), is_phone),
)
_HINT = re.compile(r"[@\d]|::")


def find(text: str) -> list[Finding]:
    """Return what is found, in order and without overlaps; an e-mail address wins over what is inside it."""
    if not _HINT.search(text):
        return []
    found: list[Finding] = []
    for kind, pattern, is_valid in _KINDS:
        for match in pattern.finditer(text):
            end = _valid_end(match.group(), kind, is_valid)
            if end:
                found.append(Finding(match.start(), match.start() + end, kind))
    return without_overlaps(found)


def _valid_end(candidate: str, kind: str, is_valid: Callable[[str], bool]) -> int:
    """How much of a candidate is valid; an IBAN may have caught the words behind it."""
    if is_valid(candidate):
        return len(candidate)
    if kind == "iban":
        ends = [at for at in range(len(candidate) - 1, 14, -1) if candidate[at] == " "]
        return next((end for end in ends if is_valid(candidate[:end])), 0)
    return 0


def without_overlaps(found: Iterable[Finding]) -> list[Finding]:
    """Keep the first of findings that overlap, and sort them by place."""
    kept: list[Finding] = []
    for finding in found:
        if all(finding.end <= other.start or finding.start >= other.end for other in kept):
            kept.append(finding)
    return sorted(kept, key=lambda finding: finding.start)


def redact(text: str) -> Redacted:
    """Replace personal data by `[email]`, `[phone]`, `[iban]`, `[card]`, `[ip]` and `[ssn]`."""
    return replaced(text, find(text))


def replaced(text: str, findings: Iterable[Finding]) -> Redacted:
    """Put placeholders in the place of findings, which are sorted and do not overlap."""
    pieces: list[str] = []
    counts: Counter[str] = Counter()
    at = 0
    for finding in findings:
        pieces += [text[at : finding.start], f"[{finding.kind}]"]
        counts[finding.kind] += 1
        at = finding.end
    return Redacted("".join([*pieces, text[at:]]), dict(counts)) if counts else Redacted(text)


class PatternRedactor:
    """Adapter `patterns`."""

    def redact(self, text: str) -> Redacted:
        """See `redact` of this module."""
        return redact(text)
