import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from llmkit.offline.request import SourcePassage
from llmkit.offline.structured import fill

TEXT = (
    "# Annual report\n\nRevenue rose to EUR 4.3 billion in 2024. Net income was EUR 251 million. "
    "The CEO is Ingrid Solheim. "
    "Products: turbines, towers and blades. The meeting takes place on 14 May 2025. No dividend is paid. "
    "The status of the project is at_risk. Write to press@north.example or see https://north.example/report."
    "\n\n"
    "| plant | employees | city |\n| --- | --- | --- |\n| North | 1,200 | Kiel |\n| South | 850 | Ulm |"
)
PASSAGES = [SourcePassage("7", "report", TEXT)]


def filled(properties, question="What does the report say about the company?", required=None):
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(properties) if required is None else required,
    }
    value = fill(schema, question, PASSAGES)
    Draft202012Validator(schema).validate(value)
    return value


@pytest.mark.parametrize(
    ("name", "schema", "expected"),
    [
        ("revenue", {"type": "number"}, 4.3e9),
        ("net_income", {"type": "integer"}, 251_000_000),
        ("netIncome", {"type": "integer"}, 251_000_000),
        ("ceo", {"type": "string"}, "Ingrid Solheim"),
        ("meeting_date", {"type": "string", "format": "date"}, "2025-05-14"),
        ("meeting", {"type": "string", "format": "date-time"}, "2025-05-14T00:00:00+00:00"),
        ("currency", {"enum": ["USD", "EUR"]}, "EUR"),
        ("status", {"type": "string", "enum": ["on_track", "at_risk"]}, "at_risk"),
        ("products", {"type": "array", "items": {"type": "string"}}, ["turbines", "towers", "blades"]),
        ("products", {"type": "array", "items": {"enum": ["towers", "cars"]}}, ["towers"]),
        ("dividend_paid", {"type": "boolean"}, False),
        ("email", {"type": "string", "format": "email"}, "press@north.example"),
        ("link", {"type": "string", "format": "uri"}, "https://north.example/report"),
        ("year", {"type": "string", "pattern": r"^20\d\d$"}, "2024"),
        ("kind", {"const": "report"}, "report"),
        ("moon", {"type": ["string", "null"]}, None),
        ("moon", {"anyOf": [{"type": "null"}, {"type": "integer"}]}, None),
        ("employees", {"type": "integer", "description": "of the plant North"}, 1200),
    ],
)
def test_a_field_is_filled_from_the_text(name, schema, expected):
    assert filled({name: schema})[name] == expected


def test_rows_of_a_table_become_objects():
    item = {
        "type": "object",
        "properties": {"plant": {"type": "string"}, "employees": {"type": "integer"}},
        "required": ["plant"],
    }
    found = filled({"plants": {"type": "array", "items": item}})["plants"]
    assert found == [{"plant": "North", "employees": 1200}, {"plant": "South", "employees": 850}]


def test_a_column_of_a_table_becomes_a_list():
    assert filled({"plants": {"type": "array", "items": {"type": "string"}, "maxItems": 1}})["plants"] == ["North"]


def test_the_answer_its_citations_and_its_certainty_are_fields_too():
    value = filled(
        {
            "answer": {"type": "string"},
            "citations": {"type": "array", "items": {"type": "integer"}, "uniqueItems": True},
            "source": {"type": "string"},
            "quote": {"type": "string"},
            "confidence": {"type": "number", "minimum": 0, "maximum": 1},
            "abstained": {"type": "boolean"},
            "found": {"type": "boolean"},
        },
        "Who is the CEO?",
    )
    assert value["answer"] == "The CEO is Ingrid Solheim [7]."
    assert value["citations"] == [7]
    assert value["source"] == "7"
    assert value["confidence"] > 0.8
    assert value["found"]
    assert not value["abstained"]


def test_what_is_not_there_is_null_or_left_out_where_that_is_allowed():
    value = filled({"moon": {"type": "string"}, "tide": {"type": ["number", "null"]}}, required=["tide"])
    assert value == {"tide": None}


def test_what_must_be_there_is_the_smallest_value():
    value = filled(
        {"moon": {"type": "integer", "minimum": 3}, "sea": {"type": "string", "minLength": 10}}, "Which moon?"
    )
    assert value["moon"] == 3
    assert len(value["sea"]) >= 10


def test_references_and_combined_schemas_are_followed():
    schema = {
        "$defs": {
            "money": {"type": "object", "properties": {"net_income": {"type": "integer"}}, "required": ["net_income"]}
        },
        "allOf": [{"type": "object", "properties": {"figures": {"$ref": "#/$defs/money"}}}, {"required": ["figures"]}],
    }
    assert fill(schema, "What are the figures?", PASSAGES) == {"figures": {"net_income": 251_000_000}}


def test_a_schema_that_contains_itself_ends():
    schema = {
        "$defs": {"node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}},
        "$ref": "#/$defs/node",
    }
    Draft202012Validator(schema).validate(fill(schema, "What is next?", PASSAGES))


def test_without_passages_the_question_is_read():
    schema = {
        "type": "object",
        "properties": {"age": {"type": "integer"}, "city": {"type": "string"}},
        "required": ["age"],
    }
    assert fill(schema, "Her age is 34 and she likes tea", [])["age"] == 34


def test_a_schema_that_is_no_object_is_followed():
    assert fill({"type": "array", "items": {"type": "string"}}, "Which products are there?", PASSAGES)[:1] == [
        "turbines"
    ]
    assert fill({"type": "string"}, "Who is the CEO?", PASSAGES) == "The CEO is Ingrid Solheim [7]."


def test_a_text_is_cut_at_a_word_to_its_longest():
    value = filled({"answer": {"type": "string", "maxLength": 12}}, "Who is the CEO?")
    assert value["answer"] == "The CEO is"


NAMES = st.sampled_from(
    ["revenue", "ceo", "products", "meeting_date", "moon", "answer", "count_of_things", "city", "is_good"]
)
LEAVES = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("string")}, optional={"minLength": st.integers(0, 9), "maxLength": st.integers(9, 40)}
    ),
    st.fixed_dictionaries(
        {"type": st.just("string"), "format": st.sampled_from(["date", "date-time", "email", "uuid", "uri", "ipv4"])}
    ),
    st.fixed_dictionaries(
        {"type": st.just("integer")}, optional={"minimum": st.integers(-5, 5), "maximum": st.integers(5, 9)}
    ),
    st.fixed_dictionaries(
        {"type": st.just("number")}, optional={"exclusiveMinimum": st.integers(-5, 5), "maximum": st.integers(8, 9)}
    ),
    st.fixed_dictionaries(
        {"type": st.just("integer"), "multipleOf": st.integers(2, 7)}, optional={"minimum": st.integers(-9, 90)}
    ),
    st.sampled_from(
        [{"type": "boolean"}, {"type": "null"}, {"type": ["string", "null"]}, {"enum": ["x", 3, None]}, {"const": 5}]
    ),
    st.just({"type": "string", "pattern": "^[A-Z]{2}-\\d{3}$|^[A-Z]+-\\d+$"}),
)


def nested(children):
    objects = st.dictionaries(NAMES, children, max_size=4).flatmap(
        lambda found: (
            st.lists(st.sampled_from(sorted(found)), unique=True).map(
                lambda names: {"type": "object", "properties": found, "required": names, "additionalProperties": False}
            )
            if found
            else st.just({"type": "object"})
        )
    )
    arrays = st.fixed_dictionaries(
        {"type": st.just("array"), "items": children}, optional={"minItems": st.integers(0, 2)}
    )
    return st.one_of(
        objects, arrays, st.lists(children, min_size=1, max_size=2).map(lambda options: {"anyOf": options})
    )


@settings(max_examples=60, deadline=None)
@given(st.recursive(LEAVES, nested, max_leaves=6))
def test_the_value_always_follows_the_schema(schema):
    value = fill(schema, "What was the revenue in 2024, and who is the CEO?", PASSAGES)
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(value)
    json.dumps(value)
