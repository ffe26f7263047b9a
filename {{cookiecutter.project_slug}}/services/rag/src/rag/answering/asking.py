"""An ask from the request to the stored answer.

Two asks in one conversation do not wait for each other. Each sees the turns that were stored when it began, and a turn
is stored whole, in one transaction that takes the next place: the order is the order of the answers.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from llmkit.call import ModelRef
from rag.answering.errors import UnknownModel
from rag.answering.events import Answered, AnswerEvent, Failed
from rag.answering.ports import Threads
from rag.answering.question import Question
from rag.answering.schema import checked
from rag.answering.schemas import AskRequest
from rag.answering.service import Answerer
from rag.answering.settings import AnsweringSettings
from rag.retrieval.ports import ChatModels
from rag.retrieval.settings import RetrievalSettings
from servicekit.database import uuid7
from servicekit.problems import FieldError, Problem


class Asker:
    """Answers requests, within conversations."""

    def __init__(
        self,
        *,
        answerer: Answerer,
        threads: Threads,
        models: ChatModels,
        retrieval: RetrievalSettings,
        settings: AnsweringSettings,
    ) -> None:
        self._answerer = answerer
        self._threads = threads
        self._models = models
        self._retrieval = retrieval
        self._settings = settings

    async def question(self, tenant: str, request: AskRequest) -> Question:
        """Return what is asked.

        Raises:
            UnknownModel: the service has no such model.
            InvalidSchema: the JSON schema cannot be used.
            ConversationNotFound, ConversationFull: as they say.
        """
        model = self.model(request.model) if request.model is not None else None
        schema = checked(request.answer_schema) if request.answer_schema is not None else None
        begins = request.conversation_id is None
        conversation_id = request.conversation_id or uuid7()
        turns = self._settings.history_turns
        history = () if begins else tuple(await self._threads.history(tenant, conversation_id, turns))
        return Question(
            tenant=tenant,
            text=request.question,
            options=request.retrieval.to_options(self._retrieval),
            conversation_id=conversation_id,
            begins=begins,
            history=history,
            model=model,
            temperature=request.temperature,
            schema=schema,
        )

    def model(self, name: str) -> ModelRef:
        """Return the model of a name; `UnknownModel` names those that there are."""
        known: Mapping[str, ModelRef] = {str(model): model for model in self._models.models()}
        if name not in known:
            raise UnknownModel(
                f"There is no model {name!r} here; there is {', '.join(known)}.",
                errors=(FieldError("model", "is unknown", pointer="#/model"),),
            )
        return known[name]

    async def answer(self, question: Question) -> AsyncGenerator[AnswerEvent]:
        """Yield what `Answerer.answer` yields. An answer is stored before it is given; a broken one is not stored."""
        async with aclosing(self._answerer.answer(question)) as events:
            async for event in events:
                if isinstance(event, Answered) and question.conversation_id is not None:
                    try:
                        await self._threads.keep(question, event.answer)
                    except Problem as problem:
                        yield Failed(problem)
                        return
                yield event
