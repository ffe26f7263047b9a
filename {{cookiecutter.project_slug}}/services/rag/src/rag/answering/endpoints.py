"""Routes: questions in, answers out, as JSON or as a stream of events."""

from typing import Annotated

from fastapi import APIRouter, Request, Response, Security

from llmkit import errors as models
from rag.answering.errors import InvalidSchema, PromptLeaked, UnknownModel
from rag.answering.schemas import Answer, AskRequest, SourcesDocument
from rag.answering.streams import MEDIA_TYPE, EventStream, event_frames, frame, last, primed, unless_gone
from rag.conversations.errors import ConversationFull, ConversationNotFound
from rag.dependencies import ServicesDep
from rag.retrieval.errors import SearchUnavailable
from servicekit.auth.guard import require
from servicekit.auth.principal import Principal
from servicekit.database import Json
from servicekit.problems import Problem, problem_responses, render

ASK_SCOPE = "rag:ask"
ASK_PATH = "/v1/ask"
MODEL_PROBLEMS: tuple[type[Problem], ...] = (
    models.ModelError,
    models.Truncated,
    models.Malformed,
    models.RateLimited,
    models.Overloaded,
    models.TimedOut,
    models.AuthenticationFailed,
    models.ContextTooLong,
    models.ContentFiltered,
    models.Refused,
    models.BudgetExceeded,
    models.UnknownPrice,
    models.ModelsStopped,
)


def _of(component: str) -> dict[str, Json]:
    return {"$ref": f"#/components/schemas/{component}"}


def _event(name: str, data: dict[str, Json]) -> dict[str, Json]:
    text: dict[str, Json] = {"type": "string", "contentMediaType": "application/json", "contentSchema": data}
    return {
        "type": "object",
        "properties": {"event": {"const": name}, "data": text},
        "required": ["event", "data"],
    }


def _object(**properties: dict[str, Json]) -> dict[str, Json]:
    return {"type": "object", "properties": dict(properties), "required": list(properties)}


_SOURCES = SourcesDocument.model_json_schema(ref_template="#/components/schemas/{model}")
del _SOURCES["$defs"]  # the document has them all
_EVENTS = {
    "schema": {  # of each event
        "oneOf": [
            _event("sources", _SOURCES),
            _event("token", _object(text={"type": "string"})),
            _event("answer", _of("Answer")),
            _event("error", _of("Problem")),
        ]
    },
    "example": 'event: token\ndata: {"text": "The port is 8002 [1]"}\n\n',
}

router = APIRouter(tags=["answers"])


@router.post(
    ASK_PATH,
    summary="Ask a question",
    response_model=Answer,
    responses={
        **problem_responses(
            *MODEL_PROBLEMS,
            UnknownModel,
            InvalidSchema,
            PromptLeaked,
            SearchUnavailable,
            ConversationNotFound,
            ConversationFull,
        ),
        200: {
            "description": "The answer, or with `stream` the events `sources`, `token`, and then `answer` or `error`",
            "content": {MEDIA_TYPE: _EVENTS},
        },
    },
)
async def ask(
    body: AskRequest,
    caller: Annotated[Principal, Security(require(ASK_SCOPE))],
    request: Request,
    services: ServicesDep,
) -> Answer | Response:
    """Answer from the caller's documents, with citations that were checked, or say that they hold no answer.

    With `stream`, or `Accept: text/event-stream`, the answer comes in events. The last one holds the whole answer, or a
    problem document: what fails before the first event is an ordinary error response.
    """
    asker, path = services.answers.asker, request.url.path
    question = await asker.question(caller.tenant, body)
    if not body.stream and MEDIA_TYPE not in request.headers.get("accept", ""):
        return (await unless_gone(request.receive, last(asker.answer(question)))).answer
    events = await unless_gone(request.receive, primed(asker.answer(question)))
    return EventStream(
        event_frames(events, path),
        keep_alive=services.settings.answering.keep_alive_seconds,
        on_error=lambda problem: frame("error", render(problem, path).decode()),
    )
