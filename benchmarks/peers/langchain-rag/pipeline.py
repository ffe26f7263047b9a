"""LangChain's usual pipeline: loader per file type, recursive splitter, Qdrant in local mode on disk.

Told what to do in lines of JSON: `{"files": […], "folder": …}` takes documents in, `{"questions": […], "limit": …}`
then searches them.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from embedder import Hashed
from langchain_community.document_loaders import PyPDFLoader, TextLoader
from langchain_core.documents import Document
from langchain_qdrant import QdrantVectorStore
from langchain_text_splitters import RecursiveCharacterTextSplitter


def ingest(files: list[str], folder: str) -> tuple[dict[str, Any], QdrantVectorStore]:
    """Load, split, embed and store; return seconds of clock and processor, and chunks."""
    spent, begin = time.process_time(), time.perf_counter()
    documents = [document for file in files for document in load(file)]
    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
    chunks = splitter.split_documents(documents)
    store = QdrantVectorStore.from_documents(chunks, Hashed(), path=folder, collection_name="bench")
    seconds = time.perf_counter() - begin
    return {
        "seconds": seconds,
        "processor_seconds": time.process_time() - spent,
        "chunks": len(chunks),
    }, store


def load(file: str) -> list[Document]:
    """Read one file: a PDF page by page, anything else as one text."""
    if file.endswith(".pdf"):
        return PyPDFLoader(file).load()
    return TextLoader(file, encoding="utf-8").load()


def search(store: QdrantVectorStore, request: dict[str, Any]) -> dict[str, Any]:
    """Return the best passages of each question with their places, and the milliseconds that each took."""
    found, milliseconds = [], []
    for question in request["questions"]:
        begin = time.perf_counter()
        hits = store.similarity_search(question, k=request["limit"])
        milliseconds.append(1000 * (time.perf_counter() - begin))
        found.append([place(hit) for hit in hits])
    return {"found": found, "milliseconds": milliseconds}


def place(hit: Document) -> dict[str, Any]:
    """Return file, page from 1, and text."""
    return {"file": hit.metadata["source"], "page": hit.metadata.get("page", 0) + 1, "text": hit.page_content}


def main() -> None:
    """Answer requests until there are no more."""
    store: QdrantVectorStore | None = None
    for line in sys.stdin:
        request = json.loads(line)
        if "files" in request:
            if store is not None:
                store.client.close()
            Path(request["folder"]).mkdir(parents=True)
            answer, store = ingest(request["files"], request["folder"])
        elif store is not None:
            answer = search(store, request)
        print(json.dumps(answer), flush=True)  # noqa: T201 - that is how it answers


if __name__ == "__main__":
    main()
