import msgspec
import pytest

from prediction.serving.settings import ServingSettings
from prediction.serving.validation import MAX_ERRORS, request_errors
from servicekit.http.strict_json import MalformedJson

SETTINGS = ServingSettings(max_rows=100, max_explained_rows=2)


def errors_of(body: bytes, schema) -> dict[str, str]:
    return {error.name: error.message for error in request_errors(body, schema, SETTINGS)}


def test_names_every_row_and_field_that_is_wrong(flats, flat) -> None:
    rows = [
        flat | {"area": "80", "rooms": 2.5},
        flat | {"city": "Kölln", "balcony": 1, "listed": "yesterday"},
        {"area": None, "rooms": True, "city": 5, "listed": 7, "sise": 1},
        17,
    ]
    assert errors_of(msgspec.json.encode({"rows": rows}), flats) == {
        "rows[0].area": "must be a number, not text",
        "rows[0].rooms": "must be a whole number, not 2.5",
        "rows[1].city": 'has the unknown category "Kölln" (did you mean "Köln"?); '
        'allowed are "Berlin", "Köln", "München"',
        "rows[1].balcony": "must be true or false, not a number",
        "rows[1].listed": "must be a date or time as ISO 8601 text (2026-11-20 or 2026-11-20T19:08:00Z), "
        'not "yesterday"',
        "rows[2].area": "must not be null: training saw no missing values here",
        "rows[2].rooms": "must be a number, not a boolean",
        "rows[2].city": 'must be text, not a number; allowed are "Berlin", "Köln", "München"',
        "rows[2].listed": "must be a date or time as ISO 8601 text, not a number",
        "rows[2].sise": "is not a field of this model",
        "rows[3]": "must be an object of field names and values, not a number",
    }


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "1" + "0" * 309, "9" * 5000])
def test_names_numbers_that_are_not_finite(flowers, flower, number) -> None:
    body = msgspec.json.encode({"rows": [flower, flower]}).decode()
    at = body.rindex("3.5")
    errors = errors_of((body[:at] + number + body[at + 3 :]).encode(), flowers)
    assert list(errors) == ["rows[1].sepal width (cm)"]
    assert errors["rows[1].sepal width (cm)"].startswith("must be a finite number, not ")


def test_points_into_the_body(flats) -> None:
    (error,) = request_errors(b'{"rows":[{"area":1,"rooms":1,"city":"Berlin","a/b~c":1}]}', flats, SETTINGS)
    assert (error.name, error.pointer) == ("rows[0].a/b~c", "#/rows/0/a~1b~0c")


def test_stops_after_fifty_errors(flowers) -> None:
    errors = request_errors(msgspec.json.encode({"rows": [{}] * 60}), flowers, SETTINGS)
    assert len(errors) == MAX_ERRORS == 50


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"[]", "body"),
        (b"{}", "rows"),
        (b'{"rows":7}', "rows"),
        (b'{"rows":[]}', "rows"),
        (b'{"rows":[' + b",".join([b"{}"] * 101) + b"]}", "rows"),
        (b'{"rows":[{},{},{}],"explain":true}', "rows"),
        (b'{"rows":[],"key":1}', "key"),
        (b'{"rows":[],"key":"a\\u0007"}', "key"),
        (b'{"rows":[],"explain":"yes"}', "explain"),
        (b'{"rows":[],"keys":"a"}', "keys"),
    ],
)
def test_names_what_is_wrong_around_the_rows(flowers, body, name) -> None:
    assert name in errors_of(body, flowers)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b"\xef\xbb\xbf{}"])
def test_what_is_not_json_is_malformed(flowers, body) -> None:
    with pytest.raises(MalformedJson):
        request_errors(body, flowers, SETTINGS)


def test_errors_can_be_sent_whatever_the_names_are(flowers) -> None:
    errors = request_errors(b'{"rows":[{"\\ud800":1}]}', flowers, SETTINGS)
    assert msgspec.json.encode([error.name for error in errors])


def test_long_lists_of_categories_are_cut(flats) -> None:
    many = tuple(f"city {number:03}" for number in range(40))
    features = tuple(
        feature.model_copy(update={"categories": many}) if feature.categories else feature for feature in flats.features
    )
    errors = errors_of(b'{"rows":[{"city":"Rome"}]}', flats.model_copy(update={"features": features}))
    assert errors["rows[0].city"].endswith('"city 009" and 30 more (see the schema)')
