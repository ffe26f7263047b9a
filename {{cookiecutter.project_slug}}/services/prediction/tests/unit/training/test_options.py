import pytest
from pydantic import TypeAdapter, ValidationError

from prediction.training.options import NewModelName, TrainingOptions


def test_two_orders_in_time_are_refused() -> None:
    with pytest.raises(ValidationError, match="not both"):
        TrainingOptions(time_column="date", in_order=True)


@pytest.mark.parametrize("options", [{"test_fraction": 0.9}, {"folds": 1}, {"unknown": 1}, {"estimators": ["magic"]}])
def test_options_out_of_range_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TrainingOptions.model_validate(options)


@pytest.mark.parametrize("name", ["a--b", "-a", "a-", "A", "1a", "a_b", "", "a" * 64])
def test_names_that_could_be_mistaken_are_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(NewModelName).validate_python(name)


@pytest.mark.parametrize("name", ["a", "iris", "rent-2024", "a1-b2-c3"])
def test_plain_names_are_taken(name: str) -> None:
    assert TypeAdapter(NewModelName).validate_python(name) == name
