import msgspec
import numpy as np
import pytest

from prediction.artifacts.encoder import Encoder
from prediction.artifacts.schema import Feature, FeatureKind, ModelSchema, Task
from prediction.serving.decoder import RowDecoder, decode_request


def test_reads_values_in_the_order_of_the_schema(flats, flat) -> None:
    shuffled = dict(reversed(flat.items()))
    (row,) = RowDecoder(flats).decode(msgspec.json.encode([shuffled]))
    assert row == (80.0, 3.0, "Berlin", False, "2026-05-01T10:00:00+02:00")


def test_what_may_be_missing_can_be_null_or_left_out(flats) -> None:
    required = {"area": 1, "rooms": 1, "city": "Köln"}
    rows = RowDecoder(flats).decode(msgspec.json.encode([required, required | {"balcony": None, "listed": None}]))
    assert rows[0] == rows[1] == (1.0, 1.0, "Köln", None, None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("area", "80"),
        ("area", True),
        ("area", None),
        ("area", [1]),
        ("rooms", 2.5),
        ("rooms", False),
        ("city", "Paris"),
        ("city", 1),
        ("city", None),
        ("balcony", 1),
        ("balcony", "true"),
        ("listed", 1735689600),
        ("unknown", 1),
    ],
)
def test_refuses_what_the_model_does_not_take(flats, flat, field, value) -> None:
    with pytest.raises(msgspec.ValidationError):
        RowDecoder(flats).decode(msgspec.json.encode([flat | {field: value}]))


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e400"])
def test_refuses_numbers_that_are_not_finite(flowers, flower, number) -> None:
    body = msgspec.json.encode([flower]).replace(b"5.1", number)
    with pytest.raises(msgspec.DecodeError):
        RowDecoder(flowers).decode(body)


def test_a_whole_number_may_be_written_with_a_point(flats, flat) -> None:
    (row,) = RowDecoder(flats).decode(msgspec.json.encode([flat | {"rooms": 3.0}]))
    assert row[1] == 3


def test_extra_fields_are_taken_only_where_that_is_asked_for(flats, flat) -> None:
    rows = msgspec.json.encode([flat | {"flat id": 7}])
    assert RowDecoder(flats, extra=True).decode(rows) == RowDecoder(flats).decode(msgspec.json.encode([flat]))


@pytest.mark.parametrize(
    "body", [b'{"rows":[],"typo":1}', b'{"rows":[],"key":"a\\u0000"}', b'{"rows":[],"explain":1}', b"{}", b"[]"]
)
def test_the_request_around_the_rows_is_checked_too(body) -> None:
    with pytest.raises(msgspec.ValidationError):
        decode_request(body)


def test_values_mean_the_same_to_the_model_as_in_training(flats, flat) -> None:
    encoder = Encoder(flats)
    decoded = encoder.encode(RowDecoder(flats).decode(msgspec.json.encode([flat])))
    np.testing.assert_array_equal(decoded, encoder.encode_mappings([flat]))


def test_field_names_may_be_anything() -> None:
    names = ("class", "a b", "Größe", 'quo"te', "back\\slash", "_", "0")
    features = tuple(Feature(name=name, kind=FeatureKind.NUMERIC) for name in names)
    decoder = RowDecoder(ModelSchema(task=Task.REGRESSION, target="y", features=features))
    row = {name: float(position) for position, name in enumerate(names)}
    assert decoder.decode(msgspec.json.encode([row])) == [tuple(row.values())]
    for wrong in (row | {"f0": 1}, row | {'quo"te': "1"}, dict(list(row.items())[1:])):
        with pytest.raises(msgspec.ValidationError):
            decoder.decode(msgspec.json.encode([wrong]))
