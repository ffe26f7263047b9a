"""LlamaIndex's usual pipeline: directory reader, sentence splitter, Qdrant in local mode on disk.

Told what to do in lines of JSON: `{"files": […], "folder": …}` takes documents in, `{"questions": […], "limit": …}`
then searches them.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from embedder import Hashed
from llama_index.core import SimpleDirectoryReader, StorageContext, VectorStoreIndex
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import NodeWithScore
from llama_index.vector_stores.qdrant import QdrantVectorStore
from qdrant_client import QdrantClient


def ingest(files: list[str], client: QdrantClient) -> tuple[dict[str, Any], VectorStoreIndex]:
    """Read, split, embed and store; return seconds of clock and processor, and chunks."""
    spent, begin = time.process_time(), time.perf_counter()
    documents = SimpleDirectoryReader(input_files=files).load_data()
    nodes = SentenceSplitter().get_nodes_from_documents(documents)
    store = QdrantVectorStore(collection_name="bench", client=client)
    context = StorageContext.from_defaults(vector_store=store)
    index = VectorStoreIndex(nodes, storage_context=context, embed_model=Hashed())
    seconds = time.perf_counter() - begin
    return {"seconds": seconds, "processor_seconds": time.process_time() - spent, "chunks": len(nodes)}, index


def search(index: VectorStoreIndex, request: dict[str, Any]) -> dict[str, Any]:
    """Return the best passages of each question with their places, and the milliseconds that each took."""
    retriever = index.as_retriever(similarity_top_k=request["limit"])
    found, milliseconds = [], []
    for question in request["questions"]:
        begin = time.perf_counter()
        hits = retriever.retrieve(question)
        milliseconds.append(1000 * (time.perf_counter() - begin))
        found.append([place(hit) for hit in hits])
    return {"found": found, "milliseconds": milliseconds}


def place(hit: NodeWithScore) -> dict[str, Any]:
    """Return file, page from 1, and text."""
    metadata = hit.node.metadata
    return {"file": metadata["file_path"], "page": int(metadata.get("page_label", 1)), "text": hit.node.get_content()}


def main() -> None:
    """Answer requests until there are no more."""
    client: QdrantClient | None = None
    index: VectorStoreIndex | None = None
    for line in sys.stdin:
        request = json.loads(line)
        if "files" in request:
            if client is not None:
                client.close()
            Path(request["folder"]).mkdir(parents=True)
            client = QdrantClient(path=request["folder"])
            answer, index = ingest(request["files"], client)
        elif index is not None:
            answer = search(index, request)
        print(json.dumps(answer), flush=True)  # noqa: T201 - that is how it answers


if __name__ == "__main__":
    main()
