"""What callers send and get back about prompts."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from llmkit.prompts.store import PromptStore


def _numbers_only(value: object) -> object:
    """Take 50 and 50.0, which JSON Schema both calls integers, and neither `true` nor text."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a whole number")
    return value


Version = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,5}$")]
Weight = Annotated[int, Field(ge=1, le=1000), BeforeValidator(_numbers_only)]


class PromptVersion(BaseModel):
    """One version of a prompt."""

    version: str
    variables: list[str]
    sha256: str = Field(description="Of what it says.")


class PromptDocument(BaseModel):
    """A prompt, its versions, oldest first, and which of them answer."""

    name: str
    versions: list[PromptVersion]
    weights: dict[str, int] = Field(description="The versions that answer, and their shares of the calls.")
    source: Literal["switched", "settings", "newest"] = Field(description="Who says so.")

    @classmethod
    def of(cls, store: PromptStore, name: str) -> "PromptDocument":
        """Describe a prompt."""
        selection = store.selection(name)
        versions = [
            PromptVersion(version=prompt.ref.version, variables=list(prompt.variables), sha256=prompt.sha256)
            for prompt in store.versions(name)
        ]
        return cls(name=name, versions=versions, weights=dict(selection.weights), source=selection.source)


class PromptList(BaseModel):
    """All prompts."""

    items: list[PromptDocument]


class SwitchRequest(BaseModel):
    """The versions that shall answer: one, or several with their shares; none to follow the settings again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"weights": {"1": 50, "2": 50}}]})

    weights: dict[Version, Weight] = Field(max_length=10, json_schema_extra={"additionalProperties": False})
