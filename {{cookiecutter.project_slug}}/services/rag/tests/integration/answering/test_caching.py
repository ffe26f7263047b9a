"""Answers that are given again, and what ends that."""

import pytest
from sqlalchemy import func, select

from llmkit.cache.models import CachedAnswerRow

COUNT = select(func.count()).select_from(CachedAnswerRow)
PORT = ["The port ", "is 8002 [1]."]
ASK = {"question": "Which port does the service listen on?"}


@pytest.mark.settings(answering__cache="exact")
async def test_an_answer_is_given_again_until_a_document_it_rests_on_is_deleted(
    client, manual, provider, database
) -> None:
    provider.script = [PORT]
    first = (await client.post("/v1/ask", json=ASK)).json()
    again = (await client.post("/v1/ask", json=ASK)).json()
    assert (first["meta"]["cache"], again["meta"]["cache"]) == (None, "exact")
    assert (again["answer"], again["citations"]) == (first["answer"], first["citations"])
    assert float(again["meta"]["cost_usd"]) == 0
    assert len(provider.asked) == 1
    async with database.reading() as session:
        assert await session.scalar(COUNT) == 1
    assert (await client.delete(f"/v1/documents/{manual}")).status_code == 204
    async with database.reading() as session:
        assert await session.scalar(COUNT) == 0
    assert (await client.post("/v1/ask", json=ASK)).json()["abstained"]


async def test_nothing_is_kept_unless_the_settings_say_so(client, manual, provider, database) -> None:
    provider.script = [PORT]
    await client.post("/v1/ask", json=ASK)
    async with database.reading() as session:
        assert await session.scalar(COUNT) == 0
