"""What the routes of models and releases take and answer."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StrictBool, model_validator

from prediction.artifacts.schema import Task
from prediction.registry.board import ReleaseState
from prediction.registry.ports import ModelVersion
from prediction.training.card import ModelCard


class VersionSummary(BaseModel):
    """A version of a model."""

    model_config = ConfigDict(from_attributes=True)

    version: str
    created_at: datetime
    bundle_sha256: str
    metrics: dict[str, float]
    tags: dict[str, str]


class VersionDocument(VersionSummary):
    """A version with its model card."""

    card: ModelCard


class VersionList(BaseModel):
    """All versions of a model, newest first."""

    items: list[VersionSummary]


class ModelDocument(BaseModel):
    """A model: which versions have a role, and how traffic is divided."""

    name: str
    champion: VersionSummary | None
    challenger: VersionSummary | None
    previous: VersionSummary | None
    canary_percent: int
    shadow: bool
    task: Task | None = None  # of the champion, or else of the challenger


class ModelList(BaseModel):
    """All models of the tenant, by name."""

    items: list[ModelDocument]


class PromotionRequest(BaseModel):
    """Which version is to be champion."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "if": {"properties": {"force": {"const": True}}, "required": ["force"]},
            "then": {"properties": {"reason": {"pattern": "\\S"}}, "required": ["reason"]},
        },
    )

    version: str | None = Field(default=None, max_length=32, description="The challenger, unless another is named")
    force: StrictBool = Field(default=False, description="Do not ask the gate; needs a reason, which is recorded")
    reason: str = Field(default="", max_length=1_000)

    @model_validator(mode="after")
    def _say_why(self) -> "PromotionRequest":
        if self.force and not self.reason.strip():
            raise ValueError("force needs a reason")
        return self


class RollbackRequest(BaseModel):
    """Why the champion gives way to its predecessor."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(default="", max_length=1_000)


class TrafficRequest(BaseModel):
    """How requests are divided between champion and challenger."""

    model_config = ConfigDict(extra="forbid")

    canary_percent: int = Field(
        strict=True, ge=0, le=100, description="Share of the requests that the challenger answers"
    )
    shadow: StrictBool = Field(
        default=False, description="Let the challenger predict, unseen, what the champion answers"
    )


class EventDocument(BaseModel):
    """One entry of the audit log."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    at: datetime
    action: str
    version: str | None
    actor: str
    forced: bool
    reason: str
    details: dict[str, JsonValue]


class EventList(BaseModel):
    """The audit log of a model, newest first."""

    items: list[EventDocument]


def model_document(state: ReleaseState) -> ModelDocument:
    """Return the document of a model's state."""
    shown = state.champion or state.challenger
    task = shown.tags.get("task") if shown else None
    return ModelDocument(
        name=state.model,
        champion=_summary(state.champion),
        challenger=_summary(state.challenger),
        previous=_summary(state.previous),
        canary_percent=state.canary_percent,
        shadow=state.shadow,
        task=Task(task) if task else None,
    )


def _summary(version: ModelVersion | None) -> VersionSummary | None:
    return VersionSummary.model_validate(version) if version else None
