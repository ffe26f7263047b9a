"""Routes: conversations, links to them, and feedback on answers."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response, Security, status

from rag.conversations.errors import AnswerNotFound, ConversationNotFound, ShareNotFound
from rag.conversations.export import markdown
from rag.conversations.repository import ConversationRepository, FeedbackRepository
from rag.conversations.schemas import (
    ConversationDetail,
    ConversationDocument,
    ConversationList,
    ConversationRequest,
    FeedbackDocument,
    FeedbackList,
    FeedbackRequest,
    Rating,
    RenameRequest,
    SharedConversation,
    SharedLink,
    ShareDocument,
    ShareList,
    ShareRequest,
)
from rag.conversations.service import ConversationService, judged, open_share
from rag.dependencies import ServicesDep
from servicekit.auth.guard import require
from servicekit.auth.principal import Principal
from servicekit.database import Session
from servicekit.idempotency import IdempotentRoute
from servicekit.problems import problem_responses

CONVERSATIONS_PATH = "/v1/conversations"
SHARED_PATH = "/v1/shared"
Asking = Annotated[Principal, Security(require("rag:ask"))]
Reader = Annotated[Principal, Security(require("rag:read"))]
Cursor = Annotated[UUID | None, Query(description="`next_cursor` of the page before")]
Limit = Annotated[int, Query(ge=1, le=200)]
Token = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_-]+$")]

beginning = APIRouter(tags=["conversations"], route_class=IdempotentRoute)
router = APIRouter(tags=["conversations"])


async def conversations(caller: Asking, session: Session) -> ConversationService:
    """Return the service, bound to the caller's tenant and the request's unit of work."""
    return ConversationService(session, caller.tenant)


Conversations = Annotated[ConversationService, Depends(conversations, scope="function")]


@beginning.post(CONVERSATIONS_PATH, status_code=status.HTTP_201_CREATED, summary="Begin a conversation")
async def begin_conversation(
    body: ConversationRequest, conversations: Conversations, response: Response
) -> ConversationDocument:
    """Make an empty conversation. It is not necessary: an ask without a conversation begins one too."""
    made = await conversations.begin(body.title)
    response.headers["Location"] = f"{CONVERSATIONS_PATH}/{made.id}"
    return ConversationDocument.model_validate(made)


@router.get(CONVERSATIONS_PATH, summary="List conversations, newest first")
async def list_conversations(
    caller: Asking, session: Session, cursor: Cursor = None, limit: Limit = 50
) -> ConversationList:
    """Return a page of the tenant's conversations."""
    found = await ConversationRepository(session, caller.tenant).page(before=cursor, limit=limit + 1)
    items = [ConversationDocument.model_validate(conversation) for conversation in found[:limit]]
    return ConversationList(items=items, next_cursor=items[-1].id if len(found) > limit else None)


@router.get(
    f"{CONVERSATIONS_PATH}/{{conversation_id}}",
    summary="Read a conversation",
    responses=problem_responses(ConversationNotFound),
)
async def read_conversation(conversation_id: UUID, conversations: Conversations) -> ConversationDetail:
    """Return a conversation with all its messages."""
    return await conversations.read(conversation_id)


@router.patch(
    f"{CONVERSATIONS_PATH}/{{conversation_id}}",
    summary="Rename a conversation",
    responses=problem_responses(ConversationNotFound),
)
async def rename_conversation(
    conversation_id: UUID, body: RenameRequest, conversations: Conversations
) -> ConversationDocument:
    """Give a conversation a title; no model changes it any more."""
    return ConversationDocument.model_validate(await conversations.rename(conversation_id, body.title))


@router.delete(
    f"{CONVERSATIONS_PATH}/{{conversation_id}}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Delete a conversation",
    responses=problem_responses(ConversationNotFound),
)
async def delete_conversation(conversation_id: UUID, conversations: Conversations) -> None:
    """Delete a conversation with its messages, links and feedback."""
    await conversations.delete(conversation_id)


@router.get(
    f"{CONVERSATIONS_PATH}/{{conversation_id}}/export",
    summary="Download a conversation",
    response_model=ConversationDetail,
    responses={
        **problem_responses(ConversationNotFound),
        200: {"description": "The file", "content": {"text/markdown": {"schema": {"type": "string"}}}},
    },
)
async def export_conversation(
    conversation_id: UUID,
    conversations: Conversations,
    file_format: Annotated[Literal["json", "markdown"], Query(alias="format")] = "json",
) -> Response:
    """Return a conversation as a file."""
    conversation = await conversations.read(conversation_id)
    if file_format == "json":
        content, media_type, ending = conversation.model_dump_json(indent=2), "application/json", "json"
    else:
        content, media_type, ending = markdown(conversation), "text/markdown", "md"
    disposition = f'attachment; filename="conversation-{conversation_id}.{ending}"'
    return Response(content, media_type=media_type, headers={"Content-Disposition": disposition})


@router.post(
    f"{CONVERSATIONS_PATH}/{{conversation_id}}/shares",
    status_code=status.HTTP_201_CREATED,
    summary="Share a conversation",
    responses=problem_responses(ConversationNotFound),
)
async def share_conversation(
    conversation_id: UUID, conversations: Conversations, services: ServicesDep, body: ShareRequest | None = None
) -> SharedLink:
    """Make a link under which anybody can read the messages that are there now. The token is shown this once."""
    longest = services.settings.conversations.share_days
    days = min(longest, body.expires_in_days or longest) if body else longest
    share, token = await conversations.share(conversation_id, days)
    return SharedLink.made(share, token, f"{SHARED_PATH}/{token}")


@router.get(
    f"{CONVERSATIONS_PATH}/{{conversation_id}}/shares",
    summary="List the links to a conversation",
    responses=problem_responses(ConversationNotFound),
)
async def list_shares(conversation_id: UUID, conversations: Conversations) -> ShareList:
    """Return the links that work."""
    shares = await conversations.shares(conversation_id)
    return ShareList(items=[ShareDocument.model_validate(share) for share in shares])


@router.delete(
    f"{CONVERSATIONS_PATH}/{{conversation_id}}/shares/{{share_id}}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Revoke a link",
    responses=problem_responses(ConversationNotFound, ShareNotFound),
)
async def revoke_share(conversation_id: UUID, share_id: UUID, conversations: Conversations) -> None:
    """End a link at once."""
    await conversations.revoke(conversation_id, share_id)


@router.get(
    f"{SHARED_PATH}/{{token}}", summary="Read a shared conversation", responses=problem_responses(ShareNotFound)
)
async def read_shared(token: Token, session: Session) -> SharedConversation:
    """Return what a link shows. It needs no credential: the token is the secret."""
    return await open_share(session, token)


@router.post("/v1/answers/{answer_id}/feedback", summary="Judge an answer", responses=problem_responses(AnswerNotFound))
async def judge_answer(answer_id: UUID, body: FeedbackRequest, conversations: Conversations) -> FeedbackDocument:
    """Keep what the caller thinks of an answer. Doing it again replaces what was said before."""
    return await conversations.judge(answer_id, body)


@router.get("/v1/feedback", summary="List feedback, newest answers first")
async def list_feedback(
    caller: Reader, session: Session, rating: Rating | None = None, cursor: Cursor = None, limit: Limit = 50
) -> FeedbackList:
    """Return a page of the feedback on the tenant's answers."""
    found = await FeedbackRepository(session, caller.tenant).page(rating=rating, before=cursor, limit=limit + 1)
    items = [judged(feedback, message) for feedback, message in found[:limit]]
    return FeedbackList(items=items, next_cursor=items[-1].answer_id if len(found) > limit else None)
