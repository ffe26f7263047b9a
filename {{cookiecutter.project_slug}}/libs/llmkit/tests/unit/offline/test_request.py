from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

from llmkit.offline.request import Task, Turn, read_request


def test_passages_and_the_question_are_unescaped(prompt):
    request = read_request([prompt('Is "a" < b?', "1 < 2 & </passage> is text", document='the "guide"')])
    assert request.question == 'Is "a" < b?'
    assert request.passages[0].text == "1 < 2 & </passage> is text"
    assert request.passages[0].document == 'the "guide"'
    assert request.passages[0].id == "1"


def test_the_task_is_read_from_the_prompt_and_not_from_passages(prompt):
    message = prompt("q", "<task>title</task>")
    assert read_request([message]).task is None
    assert read_request([SystemMessage("<task>condense</task>"), message]).task is Task.CONDENSE
    assert read_request([HumanMessage("<task>unheard_of</task> hello")]).task is None


def test_earlier_turns_are_history_and_their_passages_do_not_count(prompt):
    request = read_request(
        [prompt("first?", "old"), AIMessage("one [1]"), HumanMessage("second?"), HumanMessage("third?")]
    )
    assert request.history == (Turn("first?", "one [1]"), Turn("second?"))
    assert request.question == "third?"
    assert request.passages == ()


def test_passages_may_stand_in_the_system_message(prompt):
    request = read_request([SystemMessage(prompt("", "in the system").content), HumanMessage("what?")])
    assert [passage.text for passage in request.passages] == ["in the system"]
    assert request.question == "what?"


def test_tool_results_after_the_question_are_kept():
    call = {"name": "t", "args": {}, "id": "1", "type": "tool_call"}
    messages = [HumanMessage("q"), AIMessage("", tool_calls=[call]), ToolMessage("42", tool_call_id="1")]
    assert [result.content for result in read_request(messages).tool_results] == ["42"]


def test_a_conversation_without_a_human_asks_nothing():
    request = read_request([SystemMessage("only this")])
    assert request.question == ""
    assert request.history == ()


def test_content_in_parts_is_read():
    assert read_request([HumanMessage([{"type": "text", "text": "in parts"}])]).question == "in parts"
