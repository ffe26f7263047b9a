"""All checks of a service, as its settings want them."""

from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

from llmkit.guardrails.canary import Canary, process_canary
from llmkit.guardrails.excision import Span, harmless
from llmkit.guardrails.injection import screen
from llmkit.guardrails.output import Cleaned, OutputPolicy, clean
from llmkit.guardrails.pii import PatternRedactor, Redacted, Redactor
from llmkit.guardrails.presidio import PresidioRedactor
from llmkit.guardrails.schemas import Schema
from llmkit.guardrails.settings import GuardrailSettings
from llmkit.guardrails.validated import Validated, validated


@dataclass(frozen=True, slots=True)
class Admitted:
    """What a model may read of a text: None when it is kept out."""

    text: str | None
    reasons: tuple[str, ...] = ()
    """Why the text is suspicious; empty when it is not."""


class Guardrails:
    """The checks, configured. Raises `PresidioMissing` when that extra is wanted and not there."""

    def __init__(self, settings: GuardrailSettings) -> None:
        self._settings = settings
        self._redactor: Redactor = PresidioRedactor() if settings.pii == "presidio" else PatternRedactor()
        self._policy = OutputPolicy(frozenset(settings.link_hosts))
        self.canary: Canary | None = process_canary() if settings.canary else None

    def redact(self, text: str) -> Redacted:
        """Remove personal data, for logs, traces and whatever else is kept."""
        return self._redactor.redact(text)

    def for_prompt(self, text: str) -> str:
        """Return a text as a model may read it: without personal data when the settings say so."""
        return self.redact(text).text if self._settings.redact_prompts else text

    def admit(self, text: str) -> Admitted:
        """Judge retrieved text before a model reads it."""
        if self._settings.injection == "off":
            return Admitted(text)
        screening = screen(text, self._settings.injection_threshold)
        if not screening.suspicious:
            return Admitted(screening.neutral)
        is_kept_out = self._settings.injection == "quarantine"
        return Admitted(None if is_kept_out else screening.neutral, screening.reasons)

    def harmless(self, text: str) -> tuple[Span, ...] | None:
        """Return the parts of retrieved text that a model may read; None when that is nothing for certain."""
        return harmless(text, self._settings.injection_threshold)

    def system(self, prompt: str) -> str:
        """Return a system prompt, with the canary in it when the settings say so."""
        return self.canary.mark(prompt) if self.canary else prompt

    def leaked(self, text: str) -> bool:
        """Whether an answer gives the system prompt away."""
        return self.canary is not None and self.canary.leaked(text)

    def clean(self, text: str) -> Cleaned:
        """Make an answer harmless to show."""
        return clean(text, self._policy)

    async def validated(self, model: BaseChatModel, messages: Sequence[BaseMessage], schema: Schema) -> Validated:
        """Ask for an answer by schema, with as many repairs as the settings allow."""
        return await validated(model, messages, schema, repairs=self._settings.repairs)
