"""Conversations over HTTP."""

import asyncio
import hashlib
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update

from rag.conversations.models import Feedback, Message, Share
from servicekit.database import utc_now

PORT = ["The port ", "is 8002 [1]."]
ASK = {"question": "Which port does the service listen on?"}


@pytest.fixture
async def answer(client, manual, provider) -> dict:
    """A stored answer that began a conversation."""
    provider.script = [PORT]
    return (await client.post("/v1/ask", json=ASK)).json()


@pytest.fixture
def conversation(answer: dict) -> str:
    """The path of its conversation."""
    return f"/v1/conversations/{answer['conversation_id']}"


async def test_an_ask_begins_a_conversation_that_holds_question_and_answer(client, answer, conversation) -> None:
    document = (await client.get(conversation)).json()
    assert (document["title"], document["turns"]) == (ASK["question"], 1)
    question, told = document["messages"]
    assert (question["role"], question["text"], question["answer"]) == ("user", ASK["question"], None)
    assert (told["role"], told["text"], told["answer"]) == ("assistant", answer["answer"], answer)


async def test_a_follow_up_is_completed_from_the_conversation(client, answer, conversation, provider) -> None:
    provider.script = ["How soon is a job whose worker dies tried again?", ["After sixty seconds [1]."]]
    follow_up = {"question": "And how soon is that tried again?", "conversation_id": answer["conversation_id"]}
    second = (await client.post("/v1/ask", json=follow_up)).json()
    assert second["standalone_question"] == "How soon is a job whose worker dies tried again?"
    assert second["question"] == follow_up["question"]
    condensing, answering = provider.asked[1:]
    assert [str(message.text) for message in condensing.messages[1:3]] == [ASK["question"], answer["answer"]]
    assert second["standalone_question"] in str(answering.messages[-1].text)
    assert second["meta"]["tokens"]["input"] == 200  # of both calls
    assert [message["text"] for message in (await client.get(conversation)).json()["messages"]][2:] == [
        follow_up["question"],
        second["answer"],
    ]


async def test_two_asks_at_once_are_both_kept_whole(client, answer, conversation, provider) -> None:
    provider.script = ["one?", "two?", PORT, PORT]
    again = ASK | {"conversation_id": answer["conversation_id"]}
    answers = await asyncio.gather(*(client.post("/v1/ask", json=again) for _ in range(2)))
    messages = (await client.get(conversation)).json()["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant"] * 3
    assert {message["answer"]["id"] for message in messages[3::2]} == {each.json()["id"] for each in answers}


async def test_conversations_of_others_are_not_there(other_client, answer, conversation, client) -> None:
    share = (await client.post(f"{conversation}/shares")).json()
    not_there = [
        await other_client.get(conversation),
        await other_client.patch(conversation, json={"title": "mine"}),
        await other_client.delete(conversation),
        await other_client.get(f"{conversation}/export"),
        await other_client.post(f"{conversation}/shares"),
        await other_client.get(f"{conversation}/shares"),
        await other_client.delete(f"{conversation}/shares/{share['id']}"),
        await other_client.post("/v1/ask", json=ASK | {"conversation_id": answer["conversation_id"]}),
        await other_client.post(f"/v1/answers/{answer['id']}/feedback", json={"rating": "up"}),
    ]
    assert [response.status_code for response in not_there] == [404] * len(not_there)
    assert (await other_client.get("/v1/conversations")).json()["items"] == []
    assert (await client.get(conversation)).status_code == 200


async def test_an_unknown_conversation_cannot_be_gone_on_with(client, provider) -> None:
    response = await client.post("/v1/ask", json=ASK | {"conversation_id": str(uuid4()), "stream": True})
    assert (response.status_code, response.json()["code"]) == (404, "conversation_not_found")


async def test_an_answer_whose_conversation_was_deleted_meanwhile_is_not_kept(
    client, answer, conversation, provider
) -> None:
    provider.script = ["Which port?", ["The port ", None, "is 8002 [1]."]]
    again = ASK | {"conversation_id": answer["conversation_id"], "stream": True}
    asking = asyncio.create_task(client.post("/v1/ask", json=again))
    async with asyncio.timeout(5):
        while len(provider.asked) < 3:  # noqa: ASYNC110 - the model is asked in its own time
            await asyncio.sleep(0.01)
    assert (await client.delete(conversation)).status_code == 204
    provider.hang.set()
    assert "conversation_not_found" in (await asking).text
    assert (await client.get(conversation)).status_code == 404


@pytest.mark.settings(conversations__max_turns=1)
async def test_a_full_conversation_takes_no_more_questions(client, answer) -> None:
    response = await client.post("/v1/ask", json=ASK | {"conversation_id": answer["conversation_id"]})
    assert (response.status_code, response.json()["code"]) == (409, "conversation_full")


async def test_conversations_are_listed_page_by_page_newest_first(client) -> None:
    made = [(await client.post("/v1/conversations", json={"title": f"number {number}"})).json() for number in range(3)]
    first = (await client.get("/v1/conversations?limit=2")).json()
    assert [item["title"] for item in first["items"]] == ["number 2", "number 1"]
    rest = (await client.get(f"/v1/conversations?limit=2&cursor={first['next_cursor']}")).json()
    assert ([item["id"] for item in rest["items"]], rest["next_cursor"]) == ([made[0]["id"]], None)


async def test_beginning_a_conversation_twice_with_one_key_makes_one(client) -> None:
    headers = {"Idempotency-Key": "once"}
    first = await client.post("/v1/conversations", json={}, headers=headers)
    again = await client.post("/v1/conversations", json={}, headers=headers)
    assert first.status_code == 201
    assert first.headers["location"] == f"/v1/conversations/{first.json()['id']}"
    assert again.json() == first.json()


async def test_an_empty_conversation_is_gone_on_with_by_its_first_question(client, manual, provider) -> None:
    made = (await client.post("/v1/conversations", json={})).json()
    provider.script = [PORT]
    asked = await client.post("/v1/ask", json=ASK | {"conversation_id": made["id"]})
    assert asked.json()["conversation_id"] == made["id"]
    assert (await client.get(f"/v1/conversations/{made['id']}")).json()["turns"] == 1


async def test_a_person_names_a_conversation(client, conversation) -> None:
    assert (await client.patch(conversation, json={"title": "Ports"})).json()["title"] == "Ports"
    assert (await client.patch(conversation, json={"title": "  "})).status_code == 422


async def test_deleting_a_conversation_deletes_all_of_it(client, answer, conversation, database) -> None:
    await client.post(f"{conversation}/shares")
    await client.post(f"/v1/answers/{answer['id']}/feedback", json={"rating": "up"})
    assert (await client.delete(conversation)).status_code == 204
    async with database.reading() as session:
        for table in (Message, Share, Feedback):
            assert await session.scalar(select(func.count()).select_from(table)) == 0
    assert (await client.delete(conversation)).status_code == 404


async def test_exports_as_json_and_markdown(client, answer, conversation) -> None:
    exported = await client.get(f"{conversation}/export")
    assert exported.json() == (await client.get(conversation)).json()
    assert "attachment" in exported.headers["content-disposition"]
    text = await client.get(f"{conversation}/export?format=markdown")
    assert text.headers["content-type"].startswith("text/markdown")
    assert f"## Question\n\n{ASK['question']}" in text.text
    assert "- [1] manual.md, page 1: “The service listens on port 8002.”" in text.text
    assert (await client.get(f"{conversation}/export?format=pdf")).status_code == 422


class TestSharing:
    async def test_anybody_with_the_link_reads_what_was_there(
        self, client, anonymous_client, conversation, answer, provider
    ) -> None:
        share = (await client.post(f"{conversation}/shares")).json()
        provider.script = ["again?", PORT]
        await client.post("/v1/ask", json=ASK | {"conversation_id": answer["conversation_id"]})
        shared = (await anonymous_client.get(share["path"])).json()
        assert [message["text"] for message in shared["messages"]] == [ASK["question"], answer["answer"]]
        assert shared["messages"][1]["citations"] == [
            {"marker": 1, "document_name": "manual.md", "page": 1, "quote": "The service listens on port 8002."}
        ]
        assert set(shared) == {"title", "created_at", "messages"}
        assert set(shared["messages"][1]) == {"role", "text", "citations", "created_at"}

    async def test_the_secret_is_not_stored(self, client, conversation, database) -> None:
        token = (await client.post(f"{conversation}/shares")).json()["token"]
        async with database.reading() as session:
            (stored,) = await session.scalars(select(Share))
        assert stored.token_sha256 == hashlib.sha256(token.encode()).hexdigest()
        assert token not in (await client.get(f"{conversation}/shares")).text

    async def test_a_revoked_link_shows_nothing(self, client, anonymous_client, conversation) -> None:
        share = (await client.post(f"{conversation}/shares")).json()
        assert len((await client.get(f"{conversation}/shares")).json()["items"]) == 1
        assert (await client.delete(f"{conversation}/shares/{share['id']}")).status_code == 204
        assert (await anonymous_client.get(share["path"])).status_code == 404
        assert (await client.get(f"{conversation}/shares")).json()["items"] == []
        assert (await client.delete(f"{conversation}/shares/{share['id']}")).status_code == 404

    async def test_an_expired_link_shows_nothing(self, client, anonymous_client, conversation, database) -> None:
        share = (await client.post(f"{conversation}/shares", json={"expires_in_days": 1})).json()
        async with database.session() as session:
            await session.execute(update(Share).values(expires_at=utc_now() - timedelta(seconds=1)))
        assert (await anonymous_client.get(share["path"])).status_code == 404
        assert (await client.get(f"{conversation}/shares")).json()["items"] == []

    @pytest.mark.settings(conversations__share_days=2)
    async def test_nobody_shares_for_longer_than_the_settings_allow(self, client, conversation) -> None:
        share = (await client.post(f"{conversation}/shares", json={"expires_in_days": 100})).json()
        assert share["expires_at"] < (utc_now() + timedelta(days=3)).isoformat()

    @pytest.mark.parametrize("token", ["wrong", "x" * 150])
    async def test_a_wrong_link_shows_nothing(self, token: str, anonymous_client) -> None:
        response = await anonymous_client.get(f"/v1/shared/{token}")
        assert (response.status_code, response.json()["code"]) == (404, "share_not_found")


class TestFeedback:
    async def test_the_last_word_counts(self, client, answer) -> None:
        path = f"/v1/answers/{answer['id']}/feedback"
        first = await client.post(path, json={"rating": "down", "comment": "wrong"})
        again = await client.post(path, json={"rating": "up"})
        assert (first.status_code, again.status_code) == (200, 200)
        (listed,) = (await client.get("/v1/feedback")).json()["items"]
        assert listed == again.json()
        assert (listed["rating"], listed["comment"]) == ("up", None)
        assert (listed["question"], listed["answer"]) == (ASK["question"], answer["answer"])

    async def test_is_listed_by_rating_and_page_by_page(self, client, manual, provider) -> None:
        answers = []
        for rating in ("up", "down", "up"):
            provider.script = [PORT]
            told = (await client.post("/v1/ask", json=ASK)).json()
            await client.post(f"/v1/answers/{told['id']}/feedback", json={"rating": rating})
            answers.append(told["id"])
        ups = (await client.get("/v1/feedback?rating=up&limit=1")).json()
        assert [item["answer_id"] for item in ups["items"]] == [answers[2]]
        rest = (await client.get(f"/v1/feedback?rating=up&limit=1&cursor={ups['next_cursor']}")).json()
        assert ([item["answer_id"] for item in rest["items"]], rest["next_cursor"]) == ([answers[0]], None)

    async def test_an_unknown_answer_cannot_be_judged(self, client) -> None:
        response = await client.post(f"/v1/answers/{uuid4()}/feedback", json={"rating": "up"})
        assert (response.status_code, response.json()["code"]) == (404, "answer_not_found")


@pytest.mark.settings(conversations__titles=True)
class TestTitles:
    async def test_a_cheap_model_finds_the_title(self, client, manual, provider, services) -> None:
        provider.script = [PORT, '"The port of the service."']
        told = (await client.post("/v1/ask", json=ASK)).json()
        await services.answers.titles.settled()
        title = (await client.get(f"/v1/conversations/{told['conversation_id']}")).json()["title"]
        assert title == "The port of the service"

    async def test_a_name_that_a_person_gave_stays(self, client, manual, provider, services) -> None:
        made = (await client.post("/v1/conversations", json={"title": "Mine"})).json()
        provider.script = [PORT, "Other"]
        await client.post("/v1/ask", json=ASK | {"conversation_id": made["id"]})
        await services.answers.titles.settled()
        assert (await client.get(f"/v1/conversations/{made['id']}")).json()["title"] == "Mine"

    async def test_without_one_the_question_stays_the_title(self, client, manual, provider, services) -> None:
        provider.script = [PORT, RuntimeError("no")]
        told = (await client.post("/v1/ask", json={"question": "Which port? " + "x" * 200})).json()
        await services.answers.titles.settled()
        title = (await client.get(f"/v1/conversations/{told['conversation_id']}")).json()["title"]
        assert title.startswith("Which port? x")
        assert title.endswith("…")
