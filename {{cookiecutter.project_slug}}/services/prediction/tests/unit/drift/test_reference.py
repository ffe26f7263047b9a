import numpy as np
import pytest
from pydantic import ValidationError

from prediction.artifacts.schema import Feature, FeatureKind, ModelSchema, Task
from prediction.drift.reference import (
    MOST_CATEGORIES,
    OTHER,
    NumericProfile,
    Reference,
    build_reference,
    profile_column,
)

RANDOM = np.random.default_rng(1)


def schema(task=Task.BINARY, classes=("no", "yes")):
    return ModelSchema(
        task=task,
        target="t",
        classes=classes,
        features=(
            Feature(name="age", kind=FeatureKind.NUMERIC),
            Feature(name="city", kind=FeatureKind.CATEGORY, categories=("Bern", "Rome")),
            Feature(name="member", kind=FeatureKind.BOOLEAN),
            Feature(name="since", kind=FeatureKind.DATETIME),
        ),
    )


def columns(rows=1000):
    return {
        "age": np.where(RANDOM.random(rows) < 0.1, np.nan, RANDOM.normal(40, 10, rows)),
        "city": np.array([("Bern", "Rome", None)[n % 3] for n in range(rows)], dtype=object),
        "member": np.array([(0.0, 1.0, np.nan, 1.0)[n % 4] for n in range(rows)]),
        "since": np.full(rows, 1.7e9),
    }


def test_it_survives_the_trip_through_json():
    reference = build_reference(schema(), columns(), RANDOM.dirichlet([1, 1], 1000))
    assert Reference.model_validate_json(reference.model_dump_json()) == reference


def test_every_kind_of_column_is_profiled():
    features = build_reference(schema(), columns(), RANDOM.dirichlet([1, 1], 1000)).features
    assert features["age"].kind == "numeric"
    assert sum(features["age"].counts) == features["age"].present < 1000
    assert features["city"].counts == {"Bern": 334, "Rome": 333}
    assert features["city"].missing == 333
    assert features["member"].counts == {"true": 500, "false": 250}
    assert features["since"].kind == "time"


def test_a_classifier_has_label_and_confidence_as_outputs():
    outputs = build_reference(schema(), columns(4), np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]])).outputs
    assert outputs["label"].counts == {"no": 2, "yes": 2}
    assert outputs["confidence"].quantiles == (0.6, 0.7, 0.8, 0.9)


def test_a_regression_has_its_value_as_output():
    outputs = build_reference(schema(Task.REGRESSION, ()), columns(3), np.array([1.0, 2.0, 4.0])).outputs
    assert outputs["value"].quantiles == (1.0, 2.0, 4.0)


def test_bins_hold_about_the_same_number_of_values():
    profile = profile_column(FeatureKind.NUMERIC, RANDOM.normal(size=10_000))
    assert len(profile.counts) == 10
    assert min(profile.counts) >= 990


def test_few_distinct_values_have_a_bin_each():
    profile = profile_column(FeatureKind.NUMERIC, np.array([1.0, 2.0, 2.0, 5.0]))
    assert (profile.edges, profile.counts) == ((2.0, 5.0), (1, 2, 1))


def test_a_value_that_dominates_leaves_no_empty_bin():
    profile = profile_column(FeatureKind.NUMERIC, np.concatenate([np.zeros(900), RANDOM.random(100)]))
    assert min(profile.counts) > 0


@pytest.mark.parametrize("column", [np.array([]), np.full(5, np.nan), np.full(5, np.inf)])
def test_a_column_without_values_has_an_empty_profile(column):
    profile = profile_column(FeatureKind.NUMERIC, column)
    assert (profile.present, profile.edges, profile.counts, profile.quantiles) == (0, (), (0,), ())


def test_its_size_does_not_grow_with_the_data():
    profile = profile_column(FeatureKind.NUMERIC, RANDOM.normal(size=100_000))
    assert len(profile.quantiles) == 500
    categories = np.array([f"c{n % 999}" for n in range(5000)], dtype=object)
    counts = profile_column(FeatureKind.CATEGORY, categories).counts
    assert len(counts) == MOST_CATEGORIES + 1
    assert sum(counts.values()) == 5000
    assert OTHER in counts


def test_counts_that_contradict_the_edges_are_refused():
    with pytest.raises(ValidationError, match="do not fit"):
        NumericProfile(rows=2, missing=0, edges=(1.0,), counts=(2,), quantiles=(0.5, 0.7))
