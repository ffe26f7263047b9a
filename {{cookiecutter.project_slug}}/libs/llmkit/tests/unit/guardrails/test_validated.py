import json

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from llmkit.errors import Malformed
from llmkit.guardrails.validated import SchemaInvalid, check_schema, validated
from llmkit.offline.chat import OfflineChatModel

SCHEMA = {
    "type": "object",
    "properties": {"age": {"type": "integer", "minimum": 0}},
    "required": ["age"],
    "additionalProperties": False,
}


class ScriptedModel(BaseChatModel):
    """Gives prepared answers, one after the other, and keeps what it was asked."""

    answers: list[AIMessage]
    asked: list
    options: list

    @property
    def _llm_type(self):
        return "scripted"

    def bind_tools(self, tools, *, tool_choice=None, **kwargs):
        return self.bind(tools=tools, tool_choice=tool_choice)

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        self.asked.append(list(messages))
        self.options.append(kwargs)
        return ChatResult(generations=[ChatGeneration(message=self.answers[len(self.asked) - 1])])


def call(**arguments):
    return AIMessage("", tool_calls=[{"name": "answer", "args": arguments, "id": "c1", "type": "tool_call"}])


def scripted(*answers):
    return ScriptedModel(answers=list(answers), asked=[], options=[])


QUESTION = [HumanMessage("How old is she?")]


async def test_a_valid_answer_needs_no_repair():
    model = scripted(call(age=34))
    given = await validated(model, QUESTION, SCHEMA)
    assert (given.data, given.repairs) == ({"age": 34}, 0)
    assert model.options[0]["tool_choice"] == "answer"
    assert model.options[0]["tools"][0]["function"]["parameters"] == SCHEMA


async def test_the_model_is_told_what_is_wrong_and_may_correct_it():
    model = scripted(call(age="old"), call(age=-1, x=2), call(age=34))
    given = await validated(model, QUESTION, SCHEMA)
    assert (given.data, given.repairs) == ({"age": 34}, 2)
    complaint = model.asked[1][-1]
    assert isinstance(complaint, ToolMessage)
    assert complaint.tool_call_id == "c1"
    assert "$.age" in complaint.content
    assert "'old' is not of type 'integer'" in complaint.content


@pytest.mark.parametrize(("repairs", "asked"), [(0, 1), (1, 2), (2, 3), (9, 3)])
async def test_it_is_given_up_after_the_repairs(repairs, asked):
    model = scripted(*[call(age="old")] * 9)
    with pytest.raises(Malformed, match="does not follow the schema"):
        await validated(model, QUESTION, SCHEMA, repairs=repairs)
    assert len(model.asked) == asked


async def test_json_in_the_text_counts_for_models_without_tools():
    assert (await validated(scripted(AIMessage('{"age": 3}')), QUESTION, SCHEMA)).data == {"age": 3}
    fenced = AIMessage('Here it is:\n```json\n{"age": 4}\n```')
    assert (await validated(scripted(fenced), QUESTION, SCHEMA)).data == {"age": 4}


async def test_text_without_json_is_answered_by_a_complaint():
    model = scripted(AIMessage("She is old."), AIMessage('{"age": 80}'))
    given = await validated(model, QUESTION, SCHEMA)
    assert given.repairs == 1
    assert isinstance(model.asked[1][-1], HumanMessage)
    assert "no JSON" in model.asked[1][-1].content


async def test_values_that_are_no_objects_are_wrapped_for_the_model_and_unwrapped():
    schema = {"$defs": {"name": {"type": "string"}}, "type": "array", "items": {"$ref": "#/$defs/name"}}
    model = scripted(call(value=["a", "b"]))
    assert (await validated(model, QUESTION, schema)).data == ["a", "b"]
    assert model.options[0]["tools"][0]["function"]["parameters"]["type"] == "object"


async def test_the_offline_model_follows_it():
    given = await validated(OfflineChatModel(), [HumanMessage("Her age is 34")], SCHEMA)
    assert given.data == {"age": 34}


def nested(depth):
    return {"type": "object", "properties": {"a": nested(depth - 1)}} if depth else {}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "unheard of"},
        {"$ref": "https://evil.example/schema.json"},
        {"properties": {"a": {"$ref": "file:///etc/passwd"}}},
        {"pattern": "(a+)+$"},
        {"pattern": "(a|a)*b"},
        {"pattern": "a" * 300},
        {"patternProperties": {"(x*)*": {}}},
        {"items": [{"type": "string"}]},
        {"description": "x" * 40_000},
        {"default": object()},
        nested(20),
    ],
)
def test_a_schema_that_is_wrong_or_dangerous_is_refused(schema):
    with pytest.raises(SchemaInvalid):
        check_schema(schema)


async def test_a_reference_to_nowhere_is_the_caller_s_fault():
    with pytest.raises(SchemaInvalid, match="does not hold"):
        await validated(
            scripted(call(age=1)), QUESTION, {"type": "object", "properties": {"age": {"$ref": "#/$defs/no"}}}
        )


def test_an_ordinary_schema_is_taken_as_it_is():
    schema = {"type": "object", "properties": {"code": {"type": "string", "pattern": "^[A-Z]{2}-\\d+$"}}}
    assert check_schema(schema) is schema
    json.dumps(schema)
