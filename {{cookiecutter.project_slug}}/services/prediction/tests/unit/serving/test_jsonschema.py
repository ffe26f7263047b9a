import jsonschema
import pytest

from prediction.artifacts.schema import Feature, FeatureKind, ModelSchema, Task
from prediction.serving.jsonschema import example_row, request_schema


@pytest.fixture
def bare() -> ModelSchema:
    """A model whose training left no typical values."""
    return ModelSchema(
        task=Task.REGRESSION,
        target="y",
        features=(
            Feature(name="number", kind=FeatureKind.NUMERIC),
            Feature(name="truth", kind=FeatureKind.BOOLEAN),
            Feature(name="word", kind=FeatureKind.CATEGORY, categories=("a", "b")),
            Feature(name="when", kind=FeatureKind.DATETIME),
            Feature(name="perhaps", kind=FeatureKind.NUMERIC, nullable=True),
        ),
    )


def test_the_example_fits_the_schema(flowers, flats, bare) -> None:
    for schema in (flowers, flats, bare):
        jsonschema.validate({"rows": [example_row(schema)]}, request_schema(schema, 10))


def test_without_typical_values_the_example_is_still_one(bare) -> None:
    assert example_row(bare) == {
        "number": 0,
        "truth": False,
        "word": "a",
        "when": "2026-01-01T00:00:00Z",
        "perhaps": None,
    }


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"rows": []},
        {"rows": [{}] * 11},
        {"rows": [{"number": "1", "truth": True, "word": "a", "when": ""}]},
        {"rows": [{"number": 1, "truth": True, "word": "c", "when": ""}]},
        {"rows": [{"number": 1, "truth": True, "word": "a", "when": "", "other": 1}]},
        {"rows": [{"number": 1, "truth": None, "word": "a", "when": ""}]},
    ],
)
def test_the_schema_refuses_what_the_model_refuses(bare, body) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(body, request_schema(bare, 10))
