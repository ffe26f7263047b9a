"""A running service as the command line sees it."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from rag.settings import RagSettings
from servicekit import remote
from servicekit.remote import Json, RemoteRefused, if_running

__all__ = ["Json", "RemoteRefused", "RemoteService", "find_service"]


class RemoteService(remote.RemoteService):
    """A client of the rag API, closed at the end of a `with` block."""

    def upload(self, files: Sequence[tuple[str, Path]], tags: str | None = None, metadata: str | None = None) -> Json:
        """Upload documents by these names and return what became of each."""
        with ExitStack() as stack:
            parts = [("files", (name, stack.enter_context(path.open("rb")))) for name, path in files]
            labels = {"tags": tags, "metadata": metadata}
            data = {name: text for name, text in labels.items() if text}
            return self.send("POST", "/v1/documents", files=parts, data=data)

    def document(self, document_id: str) -> Json:
        """Return a document with its progress."""
        return self.send("GET", f"/v1/documents/{document_id}")

    def reindex(self) -> Json:
        """Start a rebuild of the index and return its job."""
        return self.send("POST", "/v1/reindexings")


def find_service(settings: RagSettings, url: str | None, key: str | None) -> RemoteService | None:
    """Return the service that runs at the address, or None when nothing answers there or there is no key to use."""
    if key is None:
        secret = settings.rag_key or settings.auth.development_key
        key = secret.get_secret_value() if secret else None
    return if_running(RemoteService(url or settings.rag_url, key)) if key else None
