"""From a question to a checked answer. Read `Answerer.answer` first: it names the steps in order."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, SystemMessage

from llmkit.call import Call, Tier, report_of
from llmkit.errors import Malformed
from rag.answering.abstaining import KEPT_AWAY, NOTHING_FOUND, UNSUPPORTED, abstains, worded_for
from rag.answering.beginning import begun
from rag.answering.composing import Composer, Draft
from rag.answering.context import cache_tags, pack, render
from rag.answering.documents import answer_document
from rag.answering.errors import PromptLeaked
from rag.answering.events import Answered, AnswerEvent, Failed, Sources, Token
from rag.answering.metrics import AnswerMetrics, Outcome
from rag.answering.ports import Checks
from rag.answering.question import Question
from rag.answering.settings import AnsweringSettings
from rag.answering.structured import cleaned, judged
from rag.answering.work import Work
from rag.retrieval.escaping import escape
from rag.retrieval.ports import ChatModels, Turn
from rag.retrieval.prompting import PromptWriter
from rag.retrieval.service import Retriever
from rag.retrieval.timings import Timings
from servicekit.context import current_request
from servicekit.database import Json
from servicekit.problems import Problem

PROMPT = "rag-answer"
PURPOSE = "rag.answer"
LEAK_WINDOW = 500
"""Characters before a new piece in which the mark of our instructions may have begun."""


class Answerer:
    """Answers questions from the tenant's documents."""

    def __init__(
        self,
        *,
        retriever: Retriever,
        models: ChatModels,
        prompts: PromptWriter,
        settings: AnsweringSettings,
        checks: Checks,
        metrics: AnswerMetrics,
    ) -> None:
        self._retriever = retriever
        self._models = models
        self._prompts = prompts
        self._settings = settings
        self._checks = checks
        self._metrics = metrics

    async def answer(self, question: Question) -> AsyncGenerator[AnswerEvent]:
        """Retrieve, pack, ask the model, check while it writes, judge the whole.

        Yields `Sources`, `Token`s, and at last `Answered` or, for every expected failure, `Failed`. Whoever stops
        early must close the iterator, which ends the model's call.
        """
        try:
            async with aclosing(self._steps(question)) as steps:
                async for event in steps:
                    yield event
        except Problem as problem:
            self._metrics.count(Outcome.FAILED)
            yield Failed(problem)

    async def _steps(self, question: Question) -> AsyncGenerator[AnswerEvent]:
        timings = Timings()
        with timings.stage("retrieve"):
            found = await self._retriever.search(
                question.tenant, question.text, question.options, self._history(question)
            )
        with timings.stage("pack"):
            packed = pack(found.passages, self._settings.context_tokens, self._checks.rules)
        work = Work(question, timings, found, packed, reports=list(found.reports))
        if packed.passages and question.schema is None:
            async with aclosing(self._written(work)) as events:
                async for event in events:
                    yield event
            return
        yield Sources(packed.passages, packed.withheld)
        if packed.passages and question.schema is not None:
            yield await self._structured(work, question.schema)
        else:
            reason = KEPT_AWAY if packed.withheld else NOTHING_FOUND
            yield self._answered(work, Draft(worded_for(question.text, reason), (), 0, 0.0))

    async def _written(self, work: Work) -> AsyncGenerator[AnswerEvent]:
        """Stream the model's answer through the checks. The sources are written while the model begins."""
        model, messages = self._prepared(work)
        with work.timings.stage("generate"):
            async with begun(model.astream(messages)) as stream:
                yield Sources(work.passages, work.packed.withheld)
                composer = Composer(
                    work.passages, work.found.query, least=self._settings.min_citation, clean=self._checks.clean
                )
                async for chunk in stream:
                    report = report_of(chunk)
                    work.reports += [report] if report is not None else []
                    shown = self._guarded(composer, composer.feed(str(chunk.text)), work)
                    if shown:
                        yield Token(shown)
        rest = self._guarded(composer, composer.finish(), work)
        if rest:
            yield Token(rest)
        with work.timings.stage("judge"):
            draft = composer.draft()
        yield self._answered(work, draft)

    def _guarded(self, composer: Composer, shown: str, work: Work) -> str:
        """Note the first token, and stop an answer that repeats the instructions."""
        if shown and len(composer.text) == len(shown):
            work.timings.add("first_token", work.timings.since_start())
        self._refuse_leak(composer.text[-LEAK_WINDOW - len(shown) :])
        return shown

    def _refuse_leak(self, text: str) -> None:
        if self._checks.canary.leaked(text):
            raise PromptLeaked("The model repeated its instructions instead of answering.")

    async def _structured(self, work: Work, schema: Mapping[str, Json]) -> Answered:
        model, messages = self._prepared(work)
        with work.timings.stage("generate"):
            validated = await self._checks.validate(model, messages, schema)
        work.reports += validated.reports
        data = cleaned(cast("Json", validated.data), self._checks.clean)  # it was read from JSON
        if not isinstance(data, dict):
            raise Malformed("The model's answer is no JSON object.")
        with work.timings.stage("judge"):
            draft = judged(data, work.passages, work.found.query, self._settings.min_citation)
        self._refuse_leak(draft.text)
        return self._answered(work, draft, data)

    def _history(self, question: Question) -> Sequence[Turn]:
        turns = self._settings.history_turns
        return question.history[-turns:] if turns else ()

    def _prepared(self, work: Work) -> tuple[BaseChatModel, Sequence[BaseMessage]]:
        question, settings = work.question, self._settings
        prompt = self._prompts.write(
            PROMPT,
            f"{question.tenant}/{question.thread or question.conversation_id or question.id}",
            self._history(question),
            passages=render(work.passages, self._checks.rules.inert),
            question=escape(work.found.query),
            form=_form(question),
        )
        work.prompt = prompt.ref
        request = current_request()
        call = Call(
            tenant=question.tenant,
            purpose=PURPOSE,
            tier=Tier.STRONG,
            prompt=prompt.ref,
            cache=settings.cache,
            models=(question.model,) if question.model else (),
            deadline_seconds=settings.deadline_seconds,
            max_output_tokens=min(question.max_output_tokens or settings.max_output_tokens, settings.max_output_tokens),
            temperature=question.temperature,
            request_id=request.request_id if request else None,
            cache_tags=cache_tags(work.passages),
        )
        rules = [SystemMessage(self._checks.canary.mark(str(message.text))) for message in prompt.rules]
        return self._models.chat(call), [*rules, *prompt.conversation]

    def _answered(self, work: Work, draft: Draft, data: dict[str, Json] | None = None) -> Answered:
        """Decide whether the answer stands."""
        outcome = Outcome.ANSWERED
        if not work.passages or abstains(draft.text):
            outcome, reason = Outcome.ABSTAINED, draft.text
        elif draft.support < self._settings.min_support or (not draft.citations and data is None):
            outcome, reason = Outcome.UNSUPPORTED, worded_for(work.question.text, UNSUPPORTED)
        if outcome is not Outcome.ANSWERED:
            draft, data = Draft(reason, (), draft.removed + len(draft.citations), draft.support), None
        answer = answer_document(work, draft, data=data, abstained=outcome is not Outcome.ANSWERED)
        self._metrics.count(outcome, removed=draft.removed, timings_ms=answer.meta.timings_ms)
        return Answered(answer)


def _form(question: Question) -> str:
    """What the caller wants of the answer's form."""
    lines = []
    if question.schema is not None:
        lines.append(
            "Give the answer by calling the tool. Leave a field empty when the passages do not say it. No markers."
        )
    if question.wishes:
        lines.append(
            f"The calling application wishes, as far as the rules allow: <wishes>{escape(question.wishes)}</wishes>"
        )
    return "\n".join(lines)
