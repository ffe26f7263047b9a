"""What people ask, what documents hold and who they are stays out of logs, spans, metrics and errors."""

import logging

import pytest
from prometheus_client import generate_latest

from llmkit.errors import Overloaded

MAIL, CARD, SECRET = "anna.smith@example.com", "4111 1111 1111 1111", "sk-proj-abcdefghijklmnop0123456789"
JSON = {"Content-Type": "application/json"}
QUESTION = f"Which port does the service of the purple walrus use? I am {MAIL}, card {CARD}, key {SECRET}"
CANARIES = (MAIL, CARD, SECRET, "purple walrus", "green flamingo", "yellow lobster")


@pytest.mark.settings(llm__strong=("openai:big", "openai:small"))
async def test_nothing_of_a_question_or_a_document_gets_out(
    log_to_file, spans, client, anonymous_client, services, add_document, provider
) -> None:
    read = log_to_file(level="debug")
    await add_document("manual.md", "The service listens on port 8002, says the green flamingo.")
    provider.script = [
        ["The port is 8002 [1], says the yellow lobster."],
        ZeroDivisionError(f"a fault of our own that quotes {MAIL}, {CARD} and {SECRET}"),
        *[Overloaded("The model is busy.")] * 2,
    ]
    answers = [await client.post("/v1/ask", json={"question": QUESTION}) for _ in range(3)]
    refused = [
        await client.post("/v1/ask", json={"question": QUESTION, "more": SECRET}),
        await client.post(
            "/v1/ask", content=f'{{"question": "{QUESTION}', headers={"Content-Type": "application/json"}
        ),
        await anonymous_client.post("/v1/ask", json={"question": QUESTION}, headers={"X-API-Key": SECRET}),
        await client.get("/v1/conversations", params={"cursor": QUESTION}),
    ]

    logging.getLogger("somebody").warning("%s wrote, with %s and %s", MAIL, CARD, SECRET)
    lines = read()
    assert [answer.status_code for answer in answers] == [200, 500, 503]
    assert [response.status_code for response in refused] == [422, 400, 401, 422]
    assert "llm.call" in lines
    assert "[email] wrote, with [card] and [redacted]" in lines
    told = {span.name: dict(span.attributes or {}) for span in spans.get_finished_spans()}
    assert any(name.startswith("chat ") for name in told)
    kept = {
        "logs": lines,
        "spans": str([(told, span.events, span.status.description) for span in spans.get_finished_spans()]),
        "metrics": generate_latest(services.kit.metrics).decode(),
        "errors": "".join(response.text for response in [*answers[1:], *refused]),
    }
    found = [(where, canary) for where, text in kept.items() for canary in CANARIES if canary in text]
    assert found == []
