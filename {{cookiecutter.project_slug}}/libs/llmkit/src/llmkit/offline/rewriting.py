"""Rewriting questions by rules: follow-ups made standalone, variants to search for, hypothetical answers, titles."""

import re
from collections.abc import Sequence
from textwrap import shorten

from llmkit.language.similarity import other_words
from llmkit.language.vocabulary import GENERIC, IRREGULAR, STOP
from llmkit.language.words import VERB_STEMS, content, stem, words
from llmkit.offline.questions import parts_of, strip_preamble
from llmkit.offline.request import Turn

TITLE_LENGTH = 60
_PRONOUN = re.compile(
    r"\b(?:it|they|them|this|these|that|those|he|she|him|her|its|their|his|"
    r"the (?:same|former|latter|first one|second one))\b",
    re.I,
)
_POSSESSIVE = frozenset({"its", "their", "his", "her"})
_DEMONSTRATIVES = frozenset({"this", "that", "these", "those"})
_ABOUT = re.compile(r"^(?:and |but |so |ok(?:ay)?,? )?(?:what|how) about\s+(.*?)\??$", re.I)
_AND = re.compile(r"^and\s+((?:for|with|in|on|of|at|from|by|without|during|before|after|under)\s+.*?)\??$", re.I)
_ONE = re.compile(r"^(which|what) ones?\b", re.I)
_WHICH = re.compile(
    r"^(?:which|what) ((?:\w+ ){0,2}?\w+?) (?:is|are|was|were|do|does|did|can|must|should|may|will|has|have)\b", re.I
)
_YEAR = re.compile(r"\b(?:1[89]|20)\d\d\b")
_BARE = re.compile(
    r"^(?:and |but |so )?"
    r"(why|how|when|where|who|which one|how (?:many|much|long|often)|since when|what else|and then|more|why not)"
    r"(?: (?:so|is that|exactly|not|then))?\??$",
    re.I,
)
_PHRASE = re.compile(r"\b(?:the|an?|our|my|your|their|its)\s+((?:[\w./`'-]+\s+){0,3}[\w./`'-]+)", re.I)


def condense(question: str, history: Sequence[Turn]) -> str:
    """Return the question so that it can be understood without the turns before it."""
    rewritten = _condensed(question, history)
    return rewritten[:1].upper() + rewritten[1:] if rewritten[:1].islower() and " " in rewritten else rewritten


def _condensed(question: str, history: Sequence[Turn]) -> str:
    said = " ".join(question.split())
    text = strip_preamble(said) or said
    if not history:
        return text
    before = condense(history[-1].question, history[:-1])
    if about := _ABOUT.match(said):
        return _exchanged(before, about.group(1))
    if addition := _AND.match(said):
        return _extended(before, addition.group(1))
    if one := _ONE.match(text):
        return _named_one(text, one, before)
    if bare := _BARE.match(text):
        return f"{bare.group(1).capitalize()}: {before.rstrip('?')}?"
    topic = topic_of(before)
    if topic and _refers_back(text):
        return _resolved(text, topic)
    if topic and len(words(text)) <= 3 and all(word.weight < 1 for word in content(text)):
        return f"{text.rstrip('?. ')} ({topic})?"
    return text


def topic_of(question: str) -> str:
    """Return what a question is about: a name, a piece of code, or a noun with its article; empty when unclear."""
    text = strip_preamble(question).rstrip("?!. ")
    code = re.findall(r"`[^`]+`", text)
    if code:
        return str(code[0])
    found = content(text)
    names = _name_run(text)
    if names:
        return names
    phrases = [_trimmed(match.group(0)) for match in _PHRASE.finditer(text)]
    phrases = [phrase for phrase in phrases if phrase]
    if phrases:
        return max(phrases, key=lambda phrase: sum(word.weight for word in content(phrase)))
    nouns = [word.raw for word in found if word.weight >= 1]
    return " ".join(nouns[:3])


def _name_run(text: str) -> str:
    """The longest run of proper names and identifiers after the first word."""
    runs: list[list[str]] = [[]]
    for word in words(text)[1:]:
        if word.is_name and not word.is_stop and word.raw[0].isalnum() and not word.raw.isdigit():
            runs[-1].append(word.raw)
        elif runs[-1]:
            runs.append([])
    return " ".join(sorted(runs, key=len)[-1])


def _trimmed(phrase: str) -> str:
    """Cut a noun phrase where its verb or the next preposition begins."""
    kept = phrase.split()[:1]
    for word in phrase.split()[1:]:
        plain = word.lower().strip("`'")
        if plain in STOP or (
            len(kept) > 1 and (plain in GENERIC or _is_verb(plain, is_last=word == phrase.split()[-1]))
        ):
            break
        kept.append(word)
    return " ".join(kept) if len(kept) > 1 else ""


def _is_verb(plain: str, *, is_last: bool) -> bool:
    """Whether a word behind a noun is its verb: `kept`, `uses`, `go on`; but `the parental leave` is a noun."""
    if plain in IRREGULAR:
        return True
    return stem(plain) in VERB_STEMS and (not is_last or plain.endswith(("ed", "ing", "s")))


def _refers_back(text: str) -> bool:
    match = _pronoun(text)
    if match is None:
        return False
    # "that" and "this" before a noun of weight belong to the noun ("this machine"), unless it is all there is
    following = words(text[match.end() :])
    is_article = match.group().lower() in _DEMONSTRATIVES and following and following[0].weight >= 1
    return not is_article or len([word for word in content(text) if word.weight >= 1]) <= 1


def _pronoun(text: str) -> re.Match[str] | None:
    """The first pronoun that stands for something said before: not the `that` of `the key that opens it`."""
    for match in _PRONOUN.finditer(text):
        before = words(text[: match.start()])
        if match.group().lower() != "that" or not before or before[-1].is_stop:
            return match
    return None


def _resolved(text: str, topic: str) -> str:
    match = _pronoun(text)
    if match is None:
        return text
    owner = f"{topic}'" if topic.endswith("s") else f"{topic}'s"
    said = owner if match.group().lower() in _POSSESSIVE else topic
    return f"{text[: match.start()]}{said}{text[match.end() :]}"


def _named_one(text: str, one: re.Match[str], before: str) -> str:
    """`Which one if ...?` after `Which status is ...?`: the noun is said again."""
    asked = _WHICH.match(before)
    if asked is None:
        return f"{text.rstrip('?')} ({topic_of(before)})?"
    return f"{one.group(1)} {asked.group(1)}{text[one.end() :]}"


def _exchanged(before: str, subject: str) -> str:
    """`What about X?`: the question before, with X in the place of what it was about."""
    topic = topic_of(before)
    if topic and topic in before:
        return before.replace(topic, subject, 1)
    return f"{before.rstrip('?')}: {subject}?"


def _extended(before: str, addition: str) -> str:
    """`And in 2023?`: the question before, for another year, or with one more condition."""
    year = _YEAR.search(addition)
    if year and _YEAR.search(before):
        return _YEAR.sub(year.group(), before, count=1)
    return f"{before.rstrip('?')} {addition}?"


def variants(question: str) -> list[str]:
    """Return three other ways to search for it: its key words, with other words, and its parts or as a statement."""
    asked = [word for part in parts_of(question) for word in part.words] or content(question)
    keywords = " ".join(word.raw for word in asked) or question
    expanded = " ".join([keywords, *(other for word in asked for other in other_words(word.stem)[:2])])
    parts = parts_of(question)
    split = " ".join(part.text for part in parts[1:]) if len(parts) > 1 else _statement(question)
    return list(dict.fromkeys((keywords, expanded, split)))


def hypothetical(question: str) -> str:
    """Return a sentence such as a document that answers the question could hold."""
    topic = topic_of(question)
    statement = _statement(question)
    return f"{statement[:1].upper()}{statement[1:]}: {topic} is described here." if topic else f"{statement}."


def _statement(question: str) -> str:
    """The question as a statement: its verb and nouns without question words."""
    text = strip_preamble(question).rstrip("?!. ")
    shorter = re.sub(
        r"^(?:what|which|who|whom|whose|when|where|why|how(?: (?:many|much|long|often|far|large|big|old))?)\b\s*"
        r"(?:(?:is|are|was|were|do|does|did|can|could|should|would|will|must|may|has|have)\b\s*)?",
        "",
        text,
        flags=re.I,
    )
    return shorter or text


def title(question: str) -> str:
    """Return a title of at most `TITLE_LENGTH` characters: the question itself, as much of it as there is room for."""
    asked = strip_preamble(question).rstrip("?!. ")
    return shorten(asked[:1].upper() + asked[1:], TITLE_LENGTH, placeholder=" …") or "Conversation"
