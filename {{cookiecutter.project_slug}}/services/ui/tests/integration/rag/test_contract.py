"""The fake service's events are held against the contract as its answers are."""

import pytest
from contract import contract_of

CONTRACT = contract_of("rag")


@pytest.mark.parametrize(
    ("name", "data", "complaint"),
    [
        ("token", {"text": "a"}, ""),
        ("token", {"word": "a"}, "'text' is a required property"),
        ("sources", {"items": []}, "'withheld' is a required property"),
        ("sources", {"items": [{}], "withheld": []}, "$.items[0]"),
        ("answer", {"answer": "yes"}, "is a required property"),
        ("error", {"title": "busy"}, "is a required property"),
        ("progress", {}, "never sends the event progress"),
    ],
)
def test_an_event_that_the_service_would_not_send_is_noticed(name: str, data: object, complaint: str) -> None:
    complaints = CONTRACT.event_complaints("POST", "/v1/ask", name, data)
    assert bool(complaints) == bool(complaint)
    assert complaint in "".join(complaints)
