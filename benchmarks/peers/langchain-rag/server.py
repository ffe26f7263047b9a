"""A minimal FastAPI server around a LangChain vector store, as tutorials show it: no keys, limits, logs or tenants.

`server.py PORT CHUNKS`: the file holds a chunk's text a line, as JSON.
"""

import json
import sys
from pathlib import Path
from typing import Any

import uvicorn
from embedder import Hashed
from fastapi import FastAPI
from langchain_core.documents import Document
from langchain_qdrant import QdrantVectorStore
from pydantic import BaseModel


class Search(BaseModel):
    """A question."""

    query: str
    limit: int = 10


def build(chunks: Path) -> FastAPI:
    """Index all chunks and return the application."""
    documents = [Document(json.loads(line)) for line in chunks.read_text().splitlines()]
    store = QdrantVectorStore.from_documents(documents, Hashed(), location=":memory:", collection_name="bench")
    app = FastAPI()

    @app.get("/ready")
    def ready() -> bool:
        return True

    @app.post("/search")
    async def search(body: Search) -> list[dict[str, Any]]:
        hits = await store.asimilarity_search_with_score(body.query, k=body.limit)
        return [{"text": hit.page_content, "score": score} for hit, score in hits]

    return app


if __name__ == "__main__":
    uvicorn.run(build(Path(sys.argv[2])), port=int(sys.argv[1]), access_log=False, log_level="warning")
