"""Whether a text holds the kind of thing that a question asks for."""

import re

from llmkit.language.vocabulary import read_lines
from llmkit.offline.questions import Kind


def _any_of(name: str) -> str:
    return "|".join(word for line in read_lines("llmkit.offline", name) for word in line.split())


_NUMBER_WORDS = (
    r"(?:no|none|zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|hundred|"
    r"thousand|million|half|quarter|once|twice|third|dozen|several|unlimited)"
)
_UNIT = (
    r"(?:ms|milliseconds?|s|secs?|seconds?|min|minutes?|h|hours?|days?|weeks?|months?|years?|decades?|fortnights?|"
    r"quarters?)"
)
MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)"
)
_WEEKDAY = r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b"
_NUMERIC_DATE = r"\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b"
_YEAR = r"\b(?:1[5-9]|20)\d\d\b"
_PATTERNS = {
    Kind.AMOUNT: (r"\d", rf"\b{_NUMBER_WORDS}\b"),
    Kind.CODE: (r"\d",),
    Kind.MONEY: (
        r"[$€£¥]\s?\d",
        r"(?<!\d)\d[\d.,]*\s?(?:[$€£¥]|usd|eur|gbp|chf|dollars?|euros?|pounds?|cents?|million|billion)",
        r"\b(?:usd|eur|gbp|chf)\s?\d|\bfree\b",
    ),
    Kind.DURATION: (
        rf"\b(?:\d[\d.,]*|an?|{_NUMBER_WORDS})[\s-]*(?:of an )?{_UNIT}\b",
        r"\b(?:every|each|daily|weekly|monthly|hourly|yearly|annually|immediately|at once|until)\b",
        r"_(?:seconds|minutes|hours|days)\b",
        r"\bper (?:second|minute|hour|day|week|month|year)\b",
    ),
    Kind.CALENDAR: (
        _YEAR,
        rf"\b{MONTH} \d|\d\.? {MONTH}\b",
        _NUMERIC_DATE,
        _WEEKDAY,
        r"\b(?:today|yesterday|last (?:year|month|week))\b",
        r"\b(?:first|second|third|\w+th|last) (?:day|week|month|quarter|year)\b",
    ),
    Kind.DATE: (
        _YEAR,
        rf"\b{MONTH}\b",
        _NUMERIC_DATE,
        _WEEKDAY,
        r"\b(?:when|after|before|until|once|as soon as|while|during|if|at the (?:end|start|beginning))\b",
        r"\b(?:today|yesterday|tomorrow|\d{1,2}:\d\d|\d{1,2}(?:st|nd|rd|th))\b",
    ),
    Kind.COMMAND: (
        r"`[a-z][\w./-]* [^`]+`",
        r"^(?:\$ )?(?:sudo|make|docker|pip|uv|npm|git|curl|python\d?|kubectl|cd|apt)\b",
    ),
    Kind.METHOD: (
        rf"`|^(?:then |first |to [\w ]+, )?(?:{_any_of('imperatives.txt')})\b",
        r"\b(?:can|must|should|may) be \w+ed\b|\bby \w+ing\b|\byou (?:can|must|should|may)\b",
    ),
    Kind.PLACE: (
        r"[\w.-]+/[\w./-]*|`\.?\w+[^`]*`",
        r"\b[\w-]+\.(?:py|md|txt|json|yaml|yml|toml|html|csv|pdf|docx|jsonl|env|sql)\b",
        r"\b(?:in|at|near|under|beside|inside)\s+(?:the\s+|a\s+|an\s+)?[\w`.]+",
    ),
    Kind.REASON: (
        r"\b(?:because|since|so that|so|therefore|in order to|due to|as|reason|otherwise|for|must)\b",
        r"\bto (?:avoid|prevent|keep|make|be)\b",
    ),
}
_COMPILED = {kind: re.compile("|".join(patterns), re.I) for kind, patterns in _PATTERNS.items()}
_PARTICLE = r"(?:van|von|de|der|di|da|bin|al|le|la)"
_NAME = re.compile(rf"(?<![.!?]\s)(?<!^)\b[A-Z][\w'\u2019-]+(?:\s+{_PARTICLE}?\s*[A-Z][\w'\u2019-]+)*")
_FULL_NAME = re.compile(rf"\b[A-Z][a-zà-ÿ'\u2019-]+(?:\s+[A-Z]\.)?\s+(?:{_PARTICLE}\s+)*[A-Z][a-zà-ÿ'\u2019-]+")
_ROLE = re.compile(rf"\b(?:{_any_of('roles.txt')})\b", re.I)


def holds(text: str, kind: Kind) -> bool | None:
    """Whether a text holds such a thing; None when the kind of answer has no recognisable form."""
    if kind is Kind.PERSON:
        return bool(_FULL_NAME.search(text) or _NAME.search(text) or _ROLE.search(text))
    pattern = _COMPILED.get(kind)
    return None if pattern is None else bool(pattern.search(text))
