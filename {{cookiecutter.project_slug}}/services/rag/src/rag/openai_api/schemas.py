"""OpenAI's chat completions, as far as they mean something here. Other fields of a request are ignored, as there."""

from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StrictBool, StringConstraints

from rag.answering.schemas import AnswerSchema, CitationDocument, ModelName, Temperature, WithheldDocument
from rag.fields import ANY, JSON_OBJECT, VISIBLE, NumberOnly

Text = Annotated[str, StringConstraints(strict=True, max_length=200_000, pattern=ANY)]
Asked = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=200_000, pattern=VISIBLE)]
Tokens = Annotated[int, Field(ge=1, le=1_000_000), NumberOnly]


class Lenient(BaseModel):
    """A part of a request that may have more fields than mean something here."""

    model_config = ConfigDict(json_schema_extra=JSON_OBJECT)


class TextPart(Lenient):
    """A part of a message; others than text cannot be read."""

    type: Literal["text"]
    text: Text


class AskedPart(Lenient):
    """A part of a question."""

    type: Literal["text"]
    text: Asked


def _text(content: "str | Sequence[TextPart | AskedPart] | None") -> str:
    if isinstance(content, str):
        return content
    return "\n".join(part.text for part in content or ())


class SystemMessage(Lenient):
    """Wishes about the style of answers."""

    role: Literal["system", "developer"]
    content: Text | list[TextPart]

    @property
    def text(self) -> str:
        """The text of all parts."""
        return _text(self.content)


class UserMessage(Lenient):
    """A question. The last one may have 4,000 characters; of earlier ones so many are read."""

    role: Literal["user"]
    content: Asked | Annotated[list[AskedPart], Field(min_length=1, max_length=20)]

    @property
    def text(self) -> str:
        """The text of all parts."""
        return _text(self.content)


class EarlierAnswer(Lenient):
    """An answer that was given before."""

    role: Literal["assistant"]
    content: Text | list[TextPart] | None = None

    @property
    def text(self) -> str:
        """The text of all parts."""
        return _text(self.content)


ChatMessage: TypeAlias = Annotated[SystemMessage | UserMessage | EarlierAnswer, Field(discriminator="role")]


class StreamOptions(Lenient):
    """What a stream tells besides the text."""

    include_usage: StrictBool = False


class NamedSchema(Lenient):
    """The schema of a structured answer."""

    name: ModelName
    schema_: AnswerSchema = Field(alias="schema")


class TextFormat(Lenient):
    """An answer in plain text."""

    type: Literal["text"]


class JsonSchemaFormat(Lenient):
    """An answer in JSON that follows a schema."""

    type: Literal["json_schema"]
    json_schema: NamedSchema


ResponseFormat: TypeAlias = Annotated[TextFormat | JsonSchemaFormat, Field(discriminator="type")]


class ChatRequest(Lenient):
    """A chat completion to be made. The user's last message asks; system messages are wishes about the style."""

    model: ModelName = Field(description="`rag`, or `rag:` and a model of the service; see `GET /v1/models`.")
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=200)]
    stream: StrictBool | None = None
    stream_options: StreamOptions | None = None
    temperature: Temperature | None = None
    max_tokens: Tokens | None = None
    max_completion_tokens: Tokens | None = None
    n: Annotated[int, Field(ge=1, le=1), NumberOnly] | None = Field(default=None, description="One answer is made.")
    response_format: ResponseFormat | None = None
    tools: Annotated[list[JsonValue], Field(max_length=0)] | None = Field(
        default=None, description="Tools of the caller cannot be called."
    )


class Usage(BaseModel):
    """Tokens of all model calls that the answer took."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class AssistantMessage(BaseModel):
    """The answer; where a schema was asked for and the documents support none, `refusal` says so instead."""

    role: Literal["assistant"] = "assistant"
    content: str | None
    refusal: str | None = None


class Choice(BaseModel):
    """The one answer."""

    index: int = 0
    message: AssistantMessage
    logprobs: None = None
    finish_reason: Literal["stop"] = "stop"


class ChatCompletion(BaseModel):
    """An answer in OpenAI's form; beside it its citations, and what no model was given to read."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: Usage
    citations: list[CitationDocument]
    withheld: list[WithheldDocument]


class Delta(BaseModel):
    """What is new in a chunk."""

    role: Literal["assistant"] | None = None
    content: str | None = None
    refusal: str | None = None


class ChunkChoice(BaseModel):
    """The one answer, continued."""

    index: int = 0
    delta: Delta
    finish_reason: Literal["stop"] | None = None


class ChatChunk(BaseModel):
    """A piece of a streamed answer. The last piece with a choice has what `ChatCompletion` has beside it."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: Usage | None = None
    citations: list[CitationDocument] | None = None
    withheld: list[WithheldDocument] | None = None


class ModelDocument(BaseModel):
    """A model that can be named in a request."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "rag"


class ModelList(BaseModel):
    """All of them."""

    object: Literal["list"] = "list"
    data: list[ModelDocument]
