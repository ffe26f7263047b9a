"""Where the files of documents are kept."""

from uuid import UUID

FOLDER = "documents"


def content_key(revision: UUID) -> str:
    """Return where the file of a revision is: a revision is never written twice, so a file never changes."""
    return f"{FOLDER}/{revision}/content"


def revision_of(key: str) -> UUID | None:
    """Return whose file a key is; None when it is nobody's."""
    folder, _, rest = key.partition("/")
    try:
        return UUID(rest.partition("/")[0]) if folder == FOLDER else None
    except ValueError:
        return None
