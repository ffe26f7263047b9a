import pytest

from llmkit.offline.planning import Tool, arguments_for, plan


def tool(name, description, **properties):
    return Tool(name, description, {"type": "object", "properties": properties, "required": list(properties)})


TEXT, NUMBER, WHOLE = {"type": "string"}, {"type": "number"}, {"type": "integer"}
CALCULATOR = tool("calculator", "Evaluate an arithmetic expression", expression=TEXT)
WEATHER = Tool(
    "get_weather",
    "Get the weather forecast of a city",
    {"type": "object", "properties": {"city": TEXT, "days": WHOLE}, "required": ["city"]},
)
SEARCH = tool("search_documents", "Search the uploaded documents for passages about a topic", query=TEXT)
TOOLS = [CALCULATOR, WEATHER, SEARCH]


@pytest.mark.parametrize(
    ("question", "name", "arguments"),
    [
        ("What is 12 * (3 + 4)?", "calculator", {"expression": "12 * (3 + 4)"}),
        ("How much is 15 percent of 1,200?", "calculator", {"expression": "15 / 100 * 1200"}),
        ("Calculate 7 times 6", "calculator", {"expression": "7 * 6"}),
        ("What will the weather be in New York for 3 days?", "get_weather", {"city": "New York", "days": 3}),
        (
            "Please search the documents for the retention policy",
            "search_documents",
            {"query": "search the documents for the retention policy"},
        ),
    ],
)
def test_a_tool_is_called_when_the_question_asks_for_it(question, name, arguments):
    call = plan(question, TOOLS)
    assert (call.tool.name, call.arguments) == (name, arguments)


@pytest.mark.parametrize(
    "question", ["hello", "Tell me a joke", "What will the weather be?", "Calculate something", ""]
)
def test_no_tool_is_called_without_need_or_without_its_arguments(question):
    assert plan(question, [CALCULATOR, WEATHER]) is None


def test_a_call_that_was_made_is_not_made_again():
    done = [("calculator", {"expression": "1 + 1"})]
    assert plan("What is 1 + 1?", [CALCULATOR]) is not None
    assert plan("What is 1 + 1?", [CALCULATOR], done) is None


def test_a_tool_that_is_named_is_wanted():
    assert plan("Use frobnicate with the text 'abc'", [tool("frobnicate", "", value=TEXT)]).arguments == {
        "value": "abc"
    }


@pytest.mark.parametrize(
    ("question", "schema", "expected"),
    [
        ("Convert 20 EUR to USD", {"amount": NUMBER}, {"amount": 20.0}),
        ("Set the limit to 5 and the timeout to 30", {"timeout": WHOLE, "limit": WHOLE}, {"timeout": 30, "limit": 5}),
        ("Add 1, 2 and 3.5", {"values": {"type": "array", "items": NUMBER}}, {"values": [1.0, 2.0, 3.5]}),
        ("Tag it as 'red' and 'blue'", {"tags": {"type": "array", "items": TEXT}}, {"tags": ["red", "blue"]}),
        ("Use celsius please", {"unit": {"enum": ["fahrenheit", "celsius"]}}, {"unit": "celsius"}),
        ("Fetch https://example.org/a.html.", {"url": TEXT}, {"url": "https://example.org/a.html"}),
        ("Write to ann@example.org now", {"email": TEXT}, {"email": "ann@example.org"}),
        ("Book it for 3 March 2026", {"date": TEXT}, {"date": "2026-03-03"}),
        ("Load the model named churn-7", {"model": TEXT}, {"model": "churn-7"}),
        ("What do you know about Prague?", {"thing": TEXT}, {"thing": "Prague"}),
        ("Do it verbose", {"verbose": {"type": "boolean"}}, {"verbose": True}),
    ],
)
def test_arguments_are_taken_from_the_question(question, schema, expected):
    assert arguments_for(question, tool("t", "", **schema)) == expected


@pytest.mark.parametrize(
    ("question", "schema"),
    [
        ("Take 2.5 of them", {"count": WHOLE}),
        ("Take some", {"count": WHOLE}),
        ("Take 900", {"count": {"type": "integer", "maximum": 10}}),
        ("Use kelvin", {"unit": {"enum": ["celsius"]}}),
        ("Fetch it", {"url": TEXT}),
        ("Give it an object", {"thing": {"type": "object"}}),
        ("Do it", {"list": {"type": "array", "items": TEXT}}),
    ],
)
def test_a_missing_or_invalid_argument_means_no_call(question, schema):
    assert arguments_for(question, tool("t", "", **schema)) is None


def test_a_tool_needs_a_function():
    with pytest.raises(TypeError):
        Tool.parse({"function": "no"})
    assert Tool.parse({"name": "bare"}).parameters == {}
