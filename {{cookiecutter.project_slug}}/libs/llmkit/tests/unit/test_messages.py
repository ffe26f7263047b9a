"""Estimates of tokens err on the safe side."""

from langchain_core.messages import AIMessage, HumanMessage

from llmkit.messages import estimate_input, estimate_tokens


def test_estimates_text_of_all_scripts() -> None:
    assert estimate_tokens("") == 0
    assert estimate_tokens("four") == 1
    assert estimate_tokens("fours") == 2
    assert estimate_tokens("日本語") == 3
    assert estimate_tokens("日本語 four") == 5


def test_estimates_calls_parts_and_tools_too() -> None:
    plain = estimate_input([HumanMessage("hello")])
    assert estimate_input([HumanMessage([{"type": "text", "text": "hello"}])]) > plain
    call = {"name": "f", "args": {"a": 1}, "id": "1"}
    assert estimate_input([AIMessage("hello", tool_calls=[call])]) > plain
    assert estimate_input([HumanMessage("hello")], [{"type": "function"}]) > plain
