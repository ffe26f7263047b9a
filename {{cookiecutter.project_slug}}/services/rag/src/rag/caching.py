"""What ties cached answers to documents: an answer carries the tags of those it was made from."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from llmkit.cache import delete_tagged


def document_tag(document_id: UUID) -> str:
    """Return the tag of the answers that rest on a document."""
    return f"document:{document_id}"


async def forget_answers(session: AsyncSession, tenant: str, document_id: UUID) -> None:
    """Delete the cached answers that rest on a document, in the session's unit of work."""
    await delete_tagged(session, tenant, document_tag(document_id))
