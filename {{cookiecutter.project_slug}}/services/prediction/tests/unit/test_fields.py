import pytest
from pydantic import TypeAdapter, ValidationError

from prediction.fields import Number, WholeNumber


@pytest.mark.parametrize("value", [True, False, "1", ""])
@pytest.mark.parametrize("kind", [Number, WholeNumber])
def test_text_and_booleans_are_no_numbers(kind, value) -> None:
    with pytest.raises(ValidationError, match="must be a number"):
        TypeAdapter(kind).validate_python(value)


def test_a_whole_number_may_be_written_with_a_point() -> None:
    assert TypeAdapter(WholeNumber).validate_python(3.0) == 3
    with pytest.raises(ValidationError):
        TypeAdapter(WholeNumber).validate_python(3.5)
