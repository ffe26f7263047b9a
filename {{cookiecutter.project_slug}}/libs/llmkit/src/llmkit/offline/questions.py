"""What a question asks for: its kind of answer, its parts, and the words that matter."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

from llmkit.language.german import is_german, parts_in, without_little
from llmkit.language.similarity import is_common
from llmkit.language.words import VERB_STEMS, Word, content, stem, words
from llmkit.offline.measures import noun_of


class Kind(StrEnum):
    """The kind of answer that a question wants."""

    AMOUNT = "amount"
    DURATION = "duration"
    MONEY = "money"
    DATE = "date"
    CALENDAR = "calendar"
    COMMAND = "command"
    CODE = "code"
    PERSON = "person"
    PLACE = "place"
    REASON = "reason"
    METHOD = "method"
    DEFINITION = "definition"
    COLLECTION = "collection"
    OTHER = "other"


_DURATION = re.compile(
    r"\bhow (?:often|soon|quickly)\b|\bhow long (?:does|do|did|can|may|must|will|until|before|after|has|have|should)\b"
)
_KINDS = (
    (Kind.DURATION, r"\bhow (?:long|often|soon|quickly|old)\b|\bafter how\b|\bwhat (?:interval|duration|timeout)\b"),
    (Kind.MONEY, r"(?<!\bby )\bhow much (?:does|do|did|money|is the (?:price|cost|fee))\b|\bwhat (?:price|cost|fee)\b"),
    (Kind.CODE, r"\b(?:which|what) (?:\w+ )?(?:status|exit code|version)\b"),
    (
        Kind.AMOUNT,
        r"\bhow (?:many|much|large|big|high|far|tall|heavy|fast|wide|deep)\b"
        r"|\bwhat (?:number|percentage|percent|share|proportion|fraction|amount)\b|\b(?:which|what) port\b",
    ),
    (Kind.CALENDAR, r"\bwhen (?:was|were|did)\b|\b(?:what|which) (?:year|date|day|month)\b|\bsince when\b"),
    (Kind.DATE, r"^(?:and |but )?(?:until |from )?when\b"),
    (Kind.COMMAND, r"\b(?:which|what) command\b"),
    (Kind.PERSON, r"\bwho(?:m|se)?\b|\bby whom\b"),
    (Kind.REASON, r"\bwhy\b|\bwhat (?:is the )?reason\b|\bhow come\b"),
    (Kind.PLACE, r"\bwhere\b|\b(?:which|what) (?:folder|directory|path|file|city|country|address|location)\b"),
    (
        Kind.METHOD,
        r"\bhow (?:do|can|could|should|would|to|must|may|is|are|does)\b|\bhow\b$"
        r"|\bwhat (?:do|should|can|must) (?:i|we|you|one) do\b",
    ),
    (Kind.COLLECTION, r"\b(?:which|what) (?:are|\w+ (?:are|exist|do|does|can))\b|\b(?:list|name|enumerate)\b"),
    (
        Kind.DEFINITION,
        r"^(?:what|who) (?:is|are|was|were) (?:an? |the )?[\w./`'-]+(?: [\w./`'-]+){0,3}\??$|\bmean(?:s|ing)?\b"
        r"|^what (?:does|do) .+ do\b",
    ),
)
_ONE_OF_THEM = re.compile(
    r"^(?:and |but )?(?:at|by|from|in|into|on|to|under|with) (?:which|what) (?!\w+s\b)\w+ (?:are|can|do|does)\b",
    re.I,
)
"""`From which pier do ferries leave?` asks for one thing, however many do it."""
_CATEGORY = re.compile(
    r"\b(?:which|what)(?: \w+){0,2}? (versions?|settings?|files?|tools?|databases?|ports?|commands?|formats?|"
    r"languages?|library|"
    r"libraries|values?|names?|headers?|status|codes?|units?|methods?|algorithms?|protocols?|classes|class|fields?|"
    r"functions?|types?|variables?|options?|modules?|packages?|steps?|conditions?|tables?|pages?|sections?|parts?|scopes?)\b",
    re.I,
)
CATEGORY_WEIGHT = 0.5
_SPLIT = re.compile(
    r"\?\s+(?=\S)|(?:,|;)?\s+(?:and|also|as well as)\s+"
    r"(?=(?:(?:in|on|at|for|with|to|from|by|of|after|since) )?(?:what|how|who|whom|when|where|which|why|whose)\b)",
    re.I,
)
_BEFORE = re.compile(r"^(?:after|when|if|while|before|during|in|for|with|on)\b[^,]{3,60},\s", re.I)
_BEHIND = re.compile(r",\s(?:after|when|if|while|before|during|in|for|with|on)\b[^,]{3,60}$", re.I)
_PREAMBLE = re.compile(
    r"^(?:please|hi|hello|hey|ok(?:ay)?|so|well|and|but|also|then)[,!]?\s+"
    r"|^(?:can|could|would) you (?:please )?(?:tell|explain|show|say|describe)(?: to)?(?: me| us)?\s+"
    r"|^(?:i (?:want|would like|'d like|need) to know|do you know|tell (?:me|us)|i wonder)\s+",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Part:
    """One question out of what was asked."""

    text: str
    kind: Kind
    words: tuple[Word, ...]
    """Content words, without those that only announce the kind of answer (`how many seconds` wants a number)."""

    categories: frozenset[str] = frozenset()
    """Stems of words that name the category of the answer (`which Python version`); often not written there."""

    def weight(self, word: Word) -> float:
        """Return how much a word of the question matters."""
        if word.stem in self.categories:
            return min(word.weight, CATEGORY_WEIGHT)
        if self.kind is Kind.PERSON and word.stem in VERB_STEMS:
            return 1.0  # who did it depends on what was done
        return word.weight

    @property
    def total(self) -> float:
        """The weight of all its words, never 0."""
        return sum(self.weight(word) for word in self.words) or 1.0

    def with_phrases(self, vocabulary: frozenset[str]) -> "Part":
        """Return the part as a vocabulary sees it: neighbours that are one term there (`make up`) are one word.

        What is neither there nor anything but a slip of a common word (`wich`) is left out. Of a German question a
        compound whose two words stand there is these.
        """
        every = words(self.text)
        german = is_german(every)
        pairs = list(pairwise(every))
        phrases = {f"{one.plain} {other.plain}": {one.stem, other.stem} for one, other in pairs}
        known = {phrase: stems for phrase, stems in phrases.items() if phrase in vocabulary}
        swallowed = {name for stems in known.values() for name in stems}
        kept = tuple(
            each
            for word in self.words
            for each in (german and parts_in(word, vocabulary)) or (word,)
            if word.stem not in swallowed and (word.stem in vocabulary or not is_common(word.plain))
        )
        return replace(self, words=(*kept, *(Word(phrase, phrase) for phrase in known)))

    @property
    def joined(self) -> dict[str, frozenset[str]]:
        """For each word the compounds that it makes with its neighbours: `roll back` may be written `rollback`."""
        found: dict[str, set[str]] = {}
        every = words(self.text)
        for one, other in pairwise(every):
            for word in (one, other):
                found.setdefault(word.stem, set()).add(stem(one.plain + other.plain))
        return {name: frozenset(forms) for name, forms in found.items()}


def parts_of(question: str) -> list[Part]:
    """Split what was asked into single questions; one that has no content of its own is left with its neighbour."""
    cleaned = strip_preamble(question)
    pieces = [piece.strip(" ?.!,;") for piece in _SPLIT.split(cleaned) if piece and piece.strip(" ?.!,;")]
    if len(pieces) > 1:
        pieces = [cleaned] if any(not content(piece) for piece in pieces) else _with_condition(pieces)
    parts = [Part(piece, kind_of(piece), tuple(_asked_words(piece)), _categories(piece)) for piece in pieces]
    return [part for part in parts if part.words]


def _with_condition(pieces: list[str]) -> list[str]:
    """A condition before or behind a chain of questions holds for all: `What is seen, and what is kept, while X?`."""
    before, behind = _BEFORE.match(pieces[0]), _BEHIND.search(pieces[-1])
    condition = (before or behind or [""])[0].strip(" ,")
    return [piece if condition in piece else f"{piece} {condition}" for piece in pieces]


def strip_preamble(question: str) -> str:
    """Remove politeness from the front of a question."""
    text = " ".join(question.split())
    while True:
        shorter = _PREAMBLE.sub("", text, count=1)
        if shorter == text:
            return text
        text = shorter


def kind_of(question: str) -> Kind:
    """Classify a question by its words."""
    text = question.lower().strip()
    kinds = (kind for kind, pattern in _KINDS if re.search(pattern, text))
    one = _ONE_OF_THEM.match(text) is not None
    return next((kind for kind in kinds if kind is not Kind.COLLECTION or not one), Kind.OTHER)


_ANNOUNCING = re.compile(
    r"\bhow (?:many|much|long|often|large|big|high|far|soon|quickly|fast|old|tall|heavy|wide|deep)\b"
    r"|\b(?:what|which) (?:year|date|day|month|number|percentage|percent|file|folder|directory|command|setting|path)\b"
    r"|\b(?:what|which) (?:person|port)\b"
    r"|\bwhat (?:share|proportion|fraction|amount) of\b|\bname (?:all|the|of)\b|\bwhat (?:kinds?|types?|sorts?) of\b",
    re.I,
)


def _asked_words(piece: str) -> list[Word]:
    if is_german(words(piece)):
        return without_little(content(piece)) or content(piece)
    stripped = _ANNOUNCING.sub(lambda match: " " * len(match.group()), piece)
    measured = _measured(piece)
    return (content(stripped) + ([Word(measured, stem(measured))] if measured else [])) or content(piece)


def _measured(piece: str) -> str | None:
    """`how heavy` asks for a weight."""
    match = re.search(r"\bhow (\w+)\b", piece, re.I)
    return noun_of(match.group(1).lower()) if match and not _DURATION.search(piece.lower()) else None


def _categories(piece: str) -> frozenset[str]:
    measured = _measured(piece)
    named = {stem(match.group(1).lower()) for match in _CATEGORY.finditer(piece)}
    return frozenset(named | ({stem(measured)} if measured else set()))
