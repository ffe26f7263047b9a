"""From OpenAI's requests to questions, and from answers to OpenAI's completions."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from hashlib import sha256

from llmkit.call import ModelRef
from rag.answering.events import Answered, AnswerEvent, Failed, Token
from rag.answering.question import Question
from rag.answering.schema import checked
from rag.answering.schemas import Answer
from rag.openai_api.errors import ModelNotFound, document
from rag.openai_api.schemas import (
    AssistantMessage,
    ChatChunk,
    ChatCompletion,
    ChatMessage,
    ChatRequest,
    Choice,
    ChunkChoice,
    Delta,
    EarlierAnswer,
    JsonSchemaFormat,
    ModelDocument,
    SystemMessage,
    Usage,
    UserMessage,
)
from rag.retrieval.passages import RetrievalOptions
from rag.retrieval.ports import Turn
from rag.retrieval.schemas import QUESTION_LENGTH
from servicekit.database import Json
from servicekit.problems import FieldError, Problem, UnprocessableContent

DEFAULT = "rag"
WISHES_LENGTH = 4000
DONE = b"data: [DONE]\n\n"


def model_documents(models: Sequence[ModelRef]) -> list[ModelDocument]:
    """Return the names that requests may use: the service's own choice, then each model."""
    return [ModelDocument(id=DEFAULT), *(ModelDocument(id=f"{DEFAULT}:{model}") for model in models)]


def chosen_model(name: str, models: Sequence[ModelRef]) -> ModelRef | None:
    """Return the model of a name, None for the service's own choice; ModelNotFound."""
    if name == DEFAULT:
        return None
    for model in models:
        if name == f"{DEFAULT}:{model}":
            return model
    known = ", ".join(each.id for each in model_documents(models))
    raise ModelNotFound(f"The model {name!r} does not exist; there is {known}.")


def question_of(tenant: str, request: ChatRequest, model: ModelRef | None, options: RetrievalOptions) -> Question:
    """Return what a request asks: the user's last message, or the last one if there is none of a user.

    Raises:
        UnprocessableContent: the question is too long.
        InvalidSchema: the schema of the answer cannot be used.
    """
    of_users = [place for place, message in enumerate(request.messages) if isinstance(message, UserMessage)]
    asking = of_users[-1] if of_users else len(request.messages) - 1
    text = request.messages[asking].text
    if len(text) > QUESTION_LENGTH:
        error = FieldError(f"messages[{asking}].content", f"has more than {QUESTION_LENGTH} characters")
        raise UnprocessableContent("The question is too long.", errors=(error,))
    wishes = "\n".join(message.text for message in request.messages if isinstance(message, SystemMessage))
    return Question(
        tenant=tenant,
        text=text,
        thread=sha256(request.messages[of_users[0] if of_users else asking].text.encode()).hexdigest(),
        options=options,
        history=tuple(turns_of(request.messages[:asking])),
        model=model,
        temperature=request.temperature,
        max_output_tokens=request.max_completion_tokens or request.max_tokens,
        schema=_schema(request),
        wishes=wishes[:WISHES_LENGTH],
    )


def turns_of(messages: Sequence[ChatMessage]) -> list[Turn]:
    """Return questions with the answers that followed them, as much of each as a question may have."""
    turns: list[Turn] = []
    for message in messages:
        if isinstance(message, UserMessage):
            turns.append(Turn(message.text[:QUESTION_LENGTH], ""))
        elif isinstance(message, EarlierAnswer) and turns:
            turns[-1] = Turn(turns[-1].question, message.text[:QUESTION_LENGTH])
    return turns


def completion(answer: Answer, model: str, *, as_json: bool = False) -> ChatCompletion:
    """Return a whole answer. Who asked for JSON finds in `content` nothing else: no answer is a refusal."""
    refused = as_json and answer.abstained
    message = AssistantMessage(content=None if refused else answer.answer, refusal=answer.answer if refused else None)
    return ChatCompletion(
        id=completion_id(answer.id.hex),
        created=int(answer.created_at.timestamp()),
        model=model,
        choices=[Choice(message=message)],
        usage=usage_of(answer),
        citations=answer.citations,
        withheld=answer.withheld,
    )


def completion_id(identifier: str) -> str:
    """Return an id in the form that clients expect."""
    return f"chatcmpl-{identifier}"


def usage_of(answer: Answer) -> Usage:
    """Return the tokens of an answer."""
    tokens = answer.meta.tokens
    return Usage(prompt_tokens=tokens.input, completion_tokens=tokens.output, total_tokens=tokens.input + tokens.output)


class ChunkWriter:
    """Writes one answer as a stream of chunks."""

    def __init__(self, question: Question, model: str, created: int, *, include_usage: bool) -> None:
        self._id = completion_id(question.id.hex)
        self._model = model
        self._created = created
        self._include_usage = include_usage
        self._as_json = question.schema is not None
        self._written = ""

    async def frames(self, events: AsyncGenerator[AnswerEvent]) -> AsyncGenerator[bytes]:
        """Write events as OpenAI's server-sent events, to the end mark."""
        yield self._frame(Delta(role="assistant", content=""))
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Token):
                    self._written += event.text
                    yield self._frame(Delta(content=event.text))
                elif isinstance(event, Answered):
                    for frame in self._end(event.answer):
                        yield frame
                elif isinstance(event, Failed):
                    yield error_frame(event.problem)
                    return
        yield DONE

    def _end(self, answer: Answer) -> list[bytes]:
        frames = []
        missing = self._missing(answer.answer)
        if missing:
            refused = self._as_json and answer.abstained
            frames.append(self._frame(Delta(refusal=missing) if refused else Delta(content=missing)))
        ended = self._chunk([ChunkChoice(delta=Delta(), finish_reason="stop")])
        ended.citations, ended.withheld = answer.citations, answer.withheld
        frames.append(_data(ended))
        if self._include_usage:
            told = self._chunk([])
            told.usage = usage_of(answer)
            frames.append(_data(told))
        return frames

    def _missing(self, text: str) -> str:
        """What has to follow so that the reader has the answer: an answer that was withheld is taken back in words."""
        written = self._written.strip()
        if not written:
            return text
        return "" if written == text.strip() else f"\n\n{text}"

    def _frame(self, delta: Delta) -> bytes:
        return _data(self._chunk([ChunkChoice(delta=delta)]))

    def _chunk(self, choices: list[ChunkChoice]) -> ChatChunk:
        return ChatChunk(id=self._id, created=self._created, model=self._model, choices=choices)


def error_frame(problem: Problem) -> bytes:
    """Return an error in the middle of a stream, as OpenAI's client raises it."""
    return f"data: {document(problem).model_dump_json()}\n\n".encode()


def _data(chunk: ChatChunk) -> bytes:
    own = {"citations", "withheld"}
    dumped = chunk.model_dump_json(exclude=own if chunk.citations is None else None)
    return f"data: {dumped}\n\n".encode()


def _schema(request: ChatRequest) -> dict[str, Json] | None:
    wanted = request.response_format
    return checked(wanted.json_schema.schema_) if isinstance(wanted, JsonSchemaFormat) else None
