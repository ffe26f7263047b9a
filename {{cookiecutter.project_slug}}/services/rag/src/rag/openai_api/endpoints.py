"""Routes in OpenAI's shape."""

import time
from typing import Annotated

from fastapi import APIRouter, Request, Response, Security

from rag.answering.endpoints import ASK_SCOPE, MODEL_PROBLEMS
from rag.answering.errors import InvalidSchema, PromptLeaked
from rag.answering.streams import MEDIA_TYPE, EventStream, last, primed, unless_gone
from rag.dependencies import ServicesDep
from rag.openai_api.errors import ModelNotFound, OpenAIRoute, error_responses
from rag.openai_api.schemas import ChatCompletion, ChatRequest, ModelDocument, ModelList
from rag.openai_api.service import ChunkWriter, chosen_model, completion, error_frame, model_documents, question_of
from rag.retrieval.errors import SearchUnavailable
from servicekit.auth.guard import require
from servicekit.auth.principal import Principal

router = APIRouter(tags=["openai"], route_class=OpenAIRoute)
Asking = Annotated[Principal, Security(require(ASK_SCOPE))]
_CHUNKS = {
    "schema": {  # of each event
        "type": "object",
        "properties": {"data": {"type": "string", "description": "JSON of a chunk, an error, or [DONE]"}},
        "required": ["data"],
    },
    "example": 'data: {"object": "chat.completion.chunk"}\n\ndata: [DONE]\n\n',
}


@router.post(
    "/v1/chat/completions",
    summary="Chat completion",
    response_model=ChatCompletion,
    responses={
        **error_responses(*MODEL_PROBLEMS, ModelNotFound, InvalidSchema, PromptLeaked, SearchUnavailable),
        200: {"description": "The completion, or with `stream` its chunks", "content": {MEDIA_TYPE: _CHUNKS}},
    },
)
async def complete_chat(
    body: ChatRequest, caller: Asking, request: Request, services: ServicesDep
) -> ChatCompletion | Response:
    """Answer the last message from the caller's documents. Messages before it are the history; nothing is stored."""
    model = chosen_model(body.model, services.answers.models.models())
    question = question_of(caller.tenant, body, model, services.settings.retrieval.options())
    answered = services.answers.answerer.answer(question)
    if not body.stream:
        answer = (await unless_gone(request.receive, last(answered))).answer
        return completion(answer, body.model, as_json=question.schema is not None)
    events = await unless_gone(request.receive, primed(answered))
    include_usage = body.stream_options is not None and body.stream_options.include_usage
    writer = ChunkWriter(question, body.model, int(time.time()), include_usage=include_usage)
    return EventStream(
        writer.frames(events), keep_alive=services.settings.answering.keep_alive_seconds, on_error=error_frame
    )


@router.get("/v1/models", summary="List models", responses=error_responses())
async def list_models(caller: Asking, services: ServicesDep) -> ModelList:  # noqa: ARG001 - the guard is the point
    """Return what `model` may be: `rag` leaves the choice to the service."""
    return ModelList(data=model_documents(services.answers.models.models()))


@router.get("/v1/models/{model:path}", summary="Look at a model", responses=error_responses(ModelNotFound))
async def read_model(
    model: str,
    caller: Asking,  # noqa: ARG001 - the same
    services: ServicesDep,
) -> ModelDocument:
    """Return one model."""
    chosen_model(model, services.answers.models.models())
    return ModelDocument(id=model)
