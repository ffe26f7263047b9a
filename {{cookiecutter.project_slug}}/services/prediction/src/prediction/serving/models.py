"""A loaded version, and the slot of a model: which loaded version answers what."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from prediction.artifacts.columns import Value
from prediction.artifacts.encoder import Matrix
from prediction.artifacts.schema import ModelSchema
from prediction.artifacts.scorer import Scorer
from prediction.registry.ports import ModelVersion
from prediction.serving.answers import AnswerMaker, Output, Variant
from prediction.serving.decoder import RowDecoder
from prediction.serving.errors import VersionNotServed
from prediction.serving.traffic import share


class Rows(NamedTuple):
    """The rows of a request, as sent and as the model reads them."""

    values: Sequence[Sequence[Value]]  # in the order of the schema's features
    matrix: Matrix


class LoadedModel:
    """One version, ready to answer."""

    def __init__(self, version: ModelVersion, scorer: Scorer) -> None:
        self.version = version
        self.schema: ModelSchema = scorer.schema
        self.scorer = scorer
        self.decode = RowDecoder(scorer.schema).decode
        self.encode = scorer.encoder.encode
        self.predictions = AnswerMaker(scorer.schema).predictions
        self.classes = scorer.schema.classes
        self.answered: dict[Variant | str, int] = {"champion": 0, "challenger": 0, "shadow": 0}  # rows

    def score(self, matrix: Matrix) -> list[Output]:
        """Return the probabilities or the value of each row."""
        outputs: list[Output] = self.scorer.predict(matrix).tolist()
        return outputs

    def read(self, rows: msgspec.Raw) -> Rows:
        """Return the rows of a request.

        Raises:
            msgspec.DecodeError, ValueError, RecursionError: the rows do not fit the model.
        """
        values = self.decode(rows)
        return Rows(values, self.encode(values))


@dataclass(slots=True, eq=False)
class Slot:
    """The place of one model in this process. A swap puts a new slot in its place; requests keep the one they took."""

    tenant: str
    name: str
    champion: LoadedModel
    challenger: LoadedModel | None = None
    spare: LoadedModel | None = None  # champion before, kept for a rollback without a pause
    canary_percent: float = 0
    shadow: bool = False
    last_used: float = field(default_factory=time.monotonic)

    def pick(self, key: str) -> tuple[LoadedModel, Variant]:
        """Return the version that answers requests with this key."""
        if self.challenger and self.canary_percent and share(f"{self.tenant}/{self.name}", key) < self.canary_percent:
            return self.challenger, "challenger"
        return self.champion, "champion"

    def by_version(self, version: str) -> tuple[LoadedModel, Variant]:
        """Return the version of that name.

        Raises:
            VersionNotServed: it has no role, or does not exist.
        """
        if version == self.champion.version.version:
            return self.champion, "champion"
        if self.challenger and version == self.challenger.version.version:
            return self.challenger, "challenger"
        raise VersionNotServed(self.name, version, self.versions())

    def versions(self) -> list[str]:
        """Return the versions that may answer."""
        return [model.version.version for model in (self.champion, self.challenger) if model is not None]

    def loaded(self) -> Iterator[LoadedModel]:
        """Yield everything that is in memory for this model."""
        yield self.champion
        if self.challenger:
            yield self.challenger
        if self.spare:
            yield self.spare
