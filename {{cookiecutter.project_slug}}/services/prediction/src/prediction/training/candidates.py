"""The models that a training compares, each a scikit-learn pipeline on the encoded matrix.

All of them take missing values, and all of them can be exported to ONNX with the same answers.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from prediction.artifacts.schema import FeatureKind, ModelSchema, Task
from prediction.training.options import ClassWeight, EstimatorName, TrainingOptions

MISSING_CODE = -1.0  # code of a missing category
FAR_AWAY = -1e9  # stands for a missing number in forests, which can cut it off
SMALL = 2_000  # rows; below, variants of each family are compared
LARGE = 20_000  # rows; above, forests are left to those who ask for them only if nothing else is cheaper
TREES = 100


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model to try."""

    name: str
    family: EstimatorName
    pipeline: BaseEstimator


def candidates(schema: ModelSchema, rows: int, options: TrainingOptions, threads: int) -> list[Candidate]:
    """Return what to compare for a table of this size; cheap models come first."""
    maker = _Maker(schema, rows, options, threads)
    makers = {
        EstimatorName.LINEAR: maker.linear,
        EstimatorName.BOOSTING: maker.boosting,
        EstimatorName.FOREST: maker.forest,
        EstimatorName.EXTRA_TREES: maker.extra_trees,
    }
    wanted = options.estimators or _suitable(rows)
    return [candidate for family, make in makers.items() if family in wanted for candidate in make()]


def _suitable(rows: int) -> tuple[EstimatorName, ...]:
    usual = (EstimatorName.LINEAR, EstimatorName.BOOSTING, EstimatorName.FOREST)
    return (*usual, EstimatorName.EXTRA_TREES) if rows < SMALL else usual


@dataclass(frozen=True, slots=True)
class _Maker:
    schema: ModelSchema
    rows: int
    options: TrainingOptions
    threads: int

    @property
    def regression(self) -> bool:
        return self.schema.task is Task.REGRESSION

    @property
    def class_weight(self) -> str | None:
        return "balanced" if self.options.class_weight is ClassWeight.BALANCED else None

    def linear(self) -> list[Candidate]:
        strengths = (0.1, 1.0, 10.0) if self.rows < SMALL else (1.0,)
        return [
            Candidate(f"linear, strength {strength:g}", EstimatorName.LINEAR, self._linear(strength))
            for strength in strengths
        ]

    def _linear(self, strength: float) -> Pipeline:
        if self.regression:
            return make_pipeline(scaled_and_one_hot(self.schema), Ridge(alpha=strength))
        model = LogisticRegression(C=1 / strength, max_iter=2_000, class_weight=self.class_weight)
        return make_pipeline(scaled_and_one_hot(self.schema), model)

    def boosting(self) -> list[Candidate]:
        variants = [("31 leaves", {"learning_rate": 0.1, "max_leaf_nodes": 31, "max_iter": 150})]
        if self.rows < LARGE:
            variants.append(("8 leaves", {"learning_rate": 0.05, "max_leaf_nodes": 8, "max_iter": 150}))
        return [
            Candidate(f"gradient boosting, {name}", EstimatorName.BOOSTING, self._boosting(settings))
            for name, settings in variants
        ]

    def _boosting(self, settings: dict[str, float]) -> BaseEstimator:
        common = {
            "early_stopping": self.rows > 5_000,
            "min_samples_leaf": max(2, min(20, self.rows // 40)),
            "random_state": self.options.seed,
            **settings,
        }
        if self.regression:
            return HistGradientBoostingRegressor(**common)
        return HistGradientBoostingClassifier(class_weight=self.class_weight, **common)

    def forest(self) -> list[Candidate]:
        model = self._trees(RandomForestRegressor, RandomForestClassifier)
        return [Candidate(f"random forest, {TREES} trees", EstimatorName.FOREST, model)]

    def extra_trees(self) -> list[Candidate]:
        model = self._trees(ExtraTreesRegressor, ExtraTreesClassifier)
        return [Candidate(f"extra trees, {TREES} trees", EstimatorName.EXTRA_TREES, model)]

    def _trees(self, regressor: type[BaseEstimator], classifier: type[BaseEstimator]) -> Pipeline:
        # Leaves grow with the table, so that the exported file and its loading time do not.
        common = {
            "n_estimators": TREES,
            "min_samples_leaf": max(2, self.rows // 4_000),
            "random_state": self.options.seed,
            "n_jobs": self.threads,
        }
        model = (
            regressor(max_features=0.5, **common)
            if self.regression
            else classifier(class_weight=self.class_weight, **common)
        )
        return make_pipeline(SimpleImputer(strategy="constant", fill_value=FAR_AWAY, keep_empty_features=True), model)


def scaled_and_one_hot(schema: ModelSchema) -> ColumnTransformer:
    """Return what a linear model needs: numbers filled with the median and scaled, categories as indicators."""
    numbers: list[int] = []
    categories: list[int] = []
    levels: list[np.ndarray] = []
    position = 0
    for feature in schema.features:
        width = 4 if feature.kind is FeatureKind.DATETIME else 1
        if feature.kind is FeatureKind.CATEGORY:
            categories.append(position)
            levels.append(np.arange(MISSING_CODE, len(feature.categories), dtype=np.float32))
        else:
            numbers.extend(range(position, position + width))
        position += width
    parts = []
    if numbers:
        scale = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler())
        parts.append(("numbers", scale, numbers))
    if categories:
        fill = SimpleImputer(strategy="constant", fill_value=MISSING_CODE, keep_empty_features=True)
        indicate = OneHotEncoder(categories=levels, handle_unknown="ignore", sparse_output=False, dtype=np.float32)
        parts.append(("categories", make_pipeline(fill, indicate), categories))
    return ColumnTransformer(parts)
