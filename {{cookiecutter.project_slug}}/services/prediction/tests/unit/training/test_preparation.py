from collections.abc import Callable, Sequence

import numpy as np
import pytest

from prediction.artifacts.schema import FeatureKind
from prediction.datasets.table import Table
from prediction.training.errors import TrainingRefused
from prediction.training.options import TrainingOptions
from prediction.training.preparation import prepare

MakeTable = Callable[..., Table]
Columns = dict[str, Sequence[object]]


def without(columns: Columns, *names: str) -> Columns:
    return {name: values for name, values in columns.items() if name not in names}


def test_features_have_kinds_ranges_and_typical_values(make_table: MakeTable, people: Columns) -> None:
    prepared = prepare(make_table(without(people, "spent", "level")), "bought", TrainingOptions())
    features = {feature.name: feature for feature in prepared.schema.features}
    assert list(features) == ["age", "income", "city", "since"]
    age, income, city, since = features.values()
    assert (age.kind, age.integer, age.nullable) == (FeatureKind.NUMERIC, True, False)
    assert (age.minimum, age.maximum) == (min(people["age"]), max(people["age"]))
    assert isinstance(age.typical, int)
    assert (income.integer, income.nullable) == (False, True)
    assert (city.kind, city.categories, city.nullable) == (FeatureKind.CATEGORY, ("Lima", "Oslo", "Rome"), True)
    assert city.typical in city.categories
    assert str(since.typical).startswith("20")
    assert prepared.matrix.shape == (300, 7)


def test_columns_that_are_no_features_are_named_with_a_reason(make_table: MakeTable, people: Columns) -> None:
    columns = without(people, "spent", "level") | {
        "same": [1] * 300,
        "empty": [""] * 300,
        "flag": ["true", "false"] * 150,
    }
    prepared = prepare(make_table(columns), "bought", TrainingOptions(exclude=("age",)))
    assert set(prepared.dropped) == {"id", "note", "same", "empty", "age"}
    assert prepared.dropped["id"].startswith("identifier: ")
    assert prepared.dropped["age"] == "excluded by the caller"
    assert prepared.schema.features[-1].typical in (True, False)


@pytest.mark.parametrize("leak", ["copy", "code", "amount"])
def test_a_column_that_gives_the_answer_away_is_left_out_unless_it_is_wanted(
    make_table: MakeTable, people: Columns, leak: str
) -> None:
    bought = people["bought"]
    leaks: Columns = {
        "copy": bought,
        "code": [7 if value == "yes" else 3 for value in bought],
        "amount": [at + 1_000 if value == "yes" else at for at, value in enumerate(bought)],
    }
    table = make_table(without(people, "spent", "level") | {"leak": leaks[leak]})
    prepared = prepare(table, "bought", TrainingOptions())
    assert prepared.leaking == ("leak",)
    assert "almost perfectly" in prepared.dropped["leak"]
    kept = prepare(table, "bought", TrainingOptions(keep_leaking=True))
    assert "leak" in [feature.name for feature in kept.schema.features]
    assert any("kept although" in note for note in kept.notes)


def test_another_unit_of_a_number_is_a_leak(make_table: MakeTable, people: Columns) -> None:
    table = make_table({"age": people["age"], "spent": people["spent"], "cents": [-v * 100 for v in people["spent"]]})
    assert prepare(table, "spent", TrainingOptions()).leaking == ("cents",)


def test_good_features_are_no_leaks(make_table: MakeTable, people: Columns) -> None:
    noisy = ["yes" if at % 20 == 0 else value for at, value in enumerate(people["bought"])]
    table = make_table(without(people, "spent", "level") | {"hint": noisy})
    assert prepare(table, "bought", TrainingOptions()).leaking == ()
    few = {"x": [i / 9 for i in range(40)], "y": ["a"] * 20 + ["b"] * 20}
    assert prepare(make_table(few), "y", TrainingOptions()).leaking == ()


def test_a_mostly_missing_column_is_not_judged(make_table: MakeTable, people: Columns) -> None:
    sparse = [value if at % 3 == 0 else "" for at, value in enumerate(people["bought"])]
    table = make_table(without(people, "spent", "level") | {"sparse": sparse})
    assert prepare(table, "bought", TrainingOptions()).leaking == ()


@pytest.mark.parametrize("columns", [{"y": ["a", "b"] * 30}, {"y": ["a", "b"] * 30, "id": range(60)}])
def test_refuses_a_table_without_features(make_table: MakeTable, columns: Columns) -> None:
    with pytest.raises(TrainingRefused) as refusal:
        prepare(make_table(columns), "y", TrainingOptions())
    assert refusal.value.code == "no_features"


def test_refuses_when_only_leaks_are_left(make_table: MakeTable, people: Columns) -> None:
    table = make_table({"copy": people["bought"], "bought": people["bought"]})
    with pytest.raises(TrainingRefused) as refusal:
        prepare(table, "bought", TrainingOptions())
    assert refusal.value.code == "no_features"
    assert "keep_leaking" in str(refusal.value.hint)


@pytest.mark.parametrize("options", [{"exclude": ("agee",)}, {"time_column": "date"}])
def test_refuses_options_that_name_no_column(
    make_table: MakeTable, people: Columns, options: dict[str, object]
) -> None:
    with pytest.raises(TrainingRefused) as refusal:
        prepare(make_table(people), "bought", TrainingOptions.model_validate(options))
    assert refusal.value.code == "column_missing"


def test_a_time_column_orders_the_rows_and_is_no_feature(make_table: MakeTable, people: Columns) -> None:
    prepared = prepare(make_table(without(people, "level")), "spent", TrainingOptions(time_column="since"))
    assert "since" in prepared.dropped
    order = sorted(range(300), key=lambda at: people["since"][at])
    assert prepared.columns["age"].tolist() == [people["age"][at] for at in order]
    assert prepared.target.values.tolist() == [people["spent"][at] for at in order]


def test_an_identifier_may_order_rows(make_table: MakeTable, people: Columns) -> None:
    backwards = without(people, "level") | {"id": list(range(300, 0, -1))}
    prepared = prepare(make_table(backwards), "spent", TrainingOptions(time_column="id"))
    assert prepared.target.values.tolist() == list(reversed(people["spent"]))


@pytest.mark.parametrize("column", ["income", "note"])
def test_refuses_a_time_column_with_gaps_or_sentences(make_table: MakeTable, people: Columns, column: str) -> None:
    with pytest.raises(TrainingRefused) as refusal:
        prepare(make_table(people), "bought", TrainingOptions(time_column=column))
    assert refusal.value.code == "time_column_unusable"


def test_a_target_that_could_be_meant_otherwise_is_noted(make_table: MakeTable, people: Columns) -> None:
    grades = [5, 6, 7] * 99 + [3, 9, 9]
    prepared = prepare(make_table(without(people, "bought") | {"grade": grades}), "grade", TrainingOptions())
    assert any(note.startswith("grade: taken as an amount") for note in prepared.notes)


def test_rows_without_a_target_are_noted(make_table: MakeTable, people: Columns) -> None:
    holes = [value if at % 10 else "" for at, value in enumerate(people["bought"])]
    prepared = prepare(make_table(without(people, "spent", "level") | {"bought": holes}), "bought", TrainingOptions())
    assert "30 rows without a value of bought were left out" in prepared.notes
    assert len(prepared.matrix) == 270
    assert np.isfinite(prepared.matrix[:, 0]).all()
