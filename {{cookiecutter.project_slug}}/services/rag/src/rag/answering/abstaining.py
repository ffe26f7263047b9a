"""Saying that one does not know, in the language of the question: German or English."""

import re

from llmkit.language.german import asks_in_german

PREFIX, GERMAN_PREFIX = "I do not know", "Ich weiß es nicht"
NOTHING_FOUND = f"{PREFIX}: the documents hold nothing about this."
KEPT_AWAY = f"{PREFIX}: what was found in the documents was kept away, because it gives orders to the model."
UNSUPPORTED = f"{PREFIX}: the passages that were found do not support an answer."
_GERMAN = {
    NOTHING_FOUND: f"{GERMAN_PREFIX}: Die Dokumente enthalten nichts darüber.",
    KEPT_AWAY: f"{GERMAN_PREFIX}: Was gefunden wurde, wurde zurückgehalten, weil es dem Modell Befehle gibt.",
    UNSUPPORTED: f"{GERMAN_PREFIX}: Die gefundenen Textstellen stützen keine Antwort.",
}
_ABSTAINS = re.compile(r"\s*(?:i (?:do not|don['\u2019]t) know|ich weiß (?:es|das) nicht|das weiß ich nicht)\b", re.I)


def worded_for(question: str, reason: str) -> str:
    """Return a reason in the language of the question."""
    return _GERMAN[reason] if asks_in_german(question) else reason


def abstains(text: str) -> bool:
    """Whether an answer says that there is none."""
    return _ABSTAINS.match(text) is not None
