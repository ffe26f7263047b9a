"""Which checks run, and what they do."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

from servicekit.settings import Group


def _split_commas(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip().lower() for part in value.split(",") if part.strip())
    return value


class GuardrailSettings(Group):
    """Checks of what goes into a model and what comes out of it."""

    pii: Literal["patterns", "presidio"] = Field(
        "patterns", description="How personal data is found: patterns with checksums, or the extra presidio"
    )
    redact_prompts: bool = Field(False, description="Whether personal data is replaced before a prompt is sent")
    injection: Literal["off", "mark", "quarantine"] = Field(
        "quarantine", description="Retrieved text that speaks to the model: believed, marked, or kept out of the prompt"
    )
    injection_threshold: float = Field(1.0, gt=0, le=5, description="Score from which text is suspicious")
    link_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_commas)] = Field(
        (), description="Hosts (and their subdomains) that answers may link to, separated by commas"
    )
    repairs: int = Field(2, ge=0, le=2, description="How often a model may correct an answer that breaks its schema")
    canary: bool = Field(True, description="Whether system prompts hold a secret word that must not come out")
