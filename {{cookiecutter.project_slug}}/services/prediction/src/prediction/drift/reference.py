"""What a model's data looked like when it was trained: the yardstick that later data is held against.

The reference is made once, at the end of a training, stored in the model's bundle as `reference.json`, and is small
whatever the size of the training data: counts per bin and category, and quantiles.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from prediction.artifacts.schema import FeatureKind, ModelSchema, Task

Column = npt.NDArray[np.float64] | npt.NDArray[np.object_]

BINS = 10  # the usual number for the population stability index
MOST_CATEGORIES = 50  # rarer ones are counted together
OTHER = "(other)"
LABEL, CONFIDENCE, VALUE = "label", "confidence", "value"  # the names of a model's outputs

_QUANTILES, _QUANTILES_OF_WIDE_MODELS, _WIDE = 500, 100, 200


class _Profile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int = Field(ge=0)
    missing: int = Field(ge=0)  # of the rows

    @property
    def present(self) -> int:
        """Return how many rows have a value."""
        return self.rows - self.missing


class NumericProfile(_Profile):
    """The distribution of a column of numbers."""

    kind: Literal["numeric"] = "numeric"
    edges: tuple[float, ...]  # inner edges of the bins, ascending; a value equal to an edge is in the bin above it
    counts: tuple[int, ...]  # values per bin
    quantiles: tuple[float, ...]  # observed values at evenly spaced ranks, ascending; at most 500

    @model_validator(mode="after")
    def _bins_fit_the_edges(self) -> Self:
        if len(self.counts) != len(self.edges) + 1 or sum(self.counts) != self.present:
            msg = "the counts do not fit the edges or the rows"
            raise ValueError(msg)
        return self


class CategoryProfile(_Profile):
    """The distribution of a column of categories, booleans or class labels."""

    kind: Literal["category"] = "category"
    counts: dict[str, int]  # values per category; the rarest of very many stand together as "(other)"


class TimeProfile(_Profile):
    """A column of moments. Time moves on by itself, so only missing values are compared."""

    kind: Literal["time"] = "time"


Profile = Annotated[NumericProfile | CategoryProfile | TimeProfile, Field(discriminator="kind")]


class Reference(BaseModel):
    """The profiles of a model's inputs and outputs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    features: dict[str, Profile]
    outputs: dict[str, Profile]


def build_reference(schema: ModelSchema, columns: Mapping[str, Column], outputs: npt.NDArray[np.floating]) -> Reference:
    """Profile training data and the model's answers.

    Args:
        schema: the model's signature; other columns are ignored.
        columns: numbers, booleans (0 or 1) and moments as float64 with NaN for missing; categories as text or None.
        outputs: probabilities [rows, classes] or values [rows], best on rows that the model was not fitted on: answers
            about its own training rows look surer than any later ones will.
    """
    quantiles = _QUANTILES if len(schema.features) <= _WIDE else _QUANTILES_OF_WIDE_MODELS
    features = {
        feature.name: profile_column(feature.kind, columns[feature.name], quantiles) for feature in schema.features
    }
    return Reference(features=features, outputs=_profile_outputs(schema, np.asarray(outputs, dtype=np.float64)))


def profile_column(kind: FeatureKind, column: Column, quantiles: int = _QUANTILES) -> Profile:
    """Return the profile of one column of values."""
    if kind is FeatureKind.CATEGORY:
        return profile_categories(column)
    numbers = np.asarray(column, dtype=np.float64)
    if kind is FeatureKind.BOOLEAN:
        names = np.where(numbers > 0, "true", "false").astype(object)
        names[np.isnan(numbers)] = None
        return profile_categories(names)
    if kind is FeatureKind.DATETIME:
        return TimeProfile(rows=len(numbers), missing=int(np.isnan(numbers).sum()))
    return profile_numbers(numbers, quantiles)


def profile_categories(column: Column) -> CategoryProfile:
    """Return the profile of a column of text."""
    present = [str(value) for value in column.tolist() if value is not None]
    names, counts = np.unique(np.asarray(present, dtype=str), return_counts=True)
    order = np.argsort(-counts, kind="stable")
    kept = {str(names[i]): int(counts[i]) for i in order[:MOST_CATEGORIES]}
    if rest := int(counts[order[MOST_CATEGORIES:]].sum()):
        kept[OTHER] = kept.get(OTHER, 0) + rest
    return CategoryProfile(rows=len(column), missing=len(column) - len(present), counts=kept)


def profile_numbers(column: npt.NDArray[np.float64], quantiles: int = _QUANTILES) -> NumericProfile:
    """Return the profile of a column of numbers; what is not finite counts as missing."""
    values = np.sort(column[np.isfinite(column)])
    edges = _bin_edges(values)
    counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)
    return NumericProfile(
        rows=len(column),
        missing=len(column) - len(values),
        edges=tuple(edges.tolist()),
        counts=tuple(counts.tolist()),
        quantiles=tuple(_evenly_spaced(values, quantiles).tolist()),
    )


def _bin_edges(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return edges that give every distinct value its own bin when there are few, else bins of equal count."""
    distinct: npt.NDArray[np.float64] = np.unique(values)
    if len(distinct) <= BINS:
        return distinct[1:]
    ranks = np.arange(1, BINS) * len(values) // BINS
    inner: npt.NDArray[np.float64] = np.unique(values[ranks][values[ranks] > distinct[0]])
    return inner  # an edge at the minimum would leave an empty bin below it


def _evenly_spaced(values: npt.NDArray[np.float64], number: int) -> npt.NDArray[np.float64]:
    if len(values) <= number:
        return values
    ranks = np.ceil(np.arange(1, number + 1) / number * len(values)).astype(np.intp) - 1
    return np.take(values, ranks)


def _profile_outputs(schema: ModelSchema, outputs: npt.NDArray[np.float64]) -> dict[str, Profile]:
    if schema.task is Task.REGRESSION:
        return {VALUE: profile_numbers(outputs.reshape(-1))}
    labels = np.asarray(schema.classes, dtype=object)[outputs.argmax(axis=1)]
    return {LABEL: profile_categories(labels), CONFIDENCE: profile_numbers(outputs.max(axis=1))}
