"""Models from a stand-in for the hub, by the hub's own client."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha1
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, models

from llmkit.embeddings.errors import EmbeddingModelMissing
from llmkit.embeddings.fastembed import FastembedEmbedder
from llmkit.embeddings.fetching import ListedModel, fetch, find_listed
from llmkit.embeddings.prefixes import Prefixes
from servicekit.testkit.handlers import serve_handler

NAME = "minishlab/potion-base-8M"
WORDS = {"[UNK]": 0, "pump": 1, "pressure": 2}
COMMIT = sha1(b"commit").hexdigest()


@pytest.fixture
def model() -> ListedModel:
    return find_listed(NAME)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A model that is a table of words, and something else that nobody needs."""
    folder = tmp_path / "hub"
    folder.mkdir()
    Tokenizer(models.WordLevel(WORDS, unk_token="[UNK]")).save(str(folder / "tokenizer.json"))
    table = np.random.default_rng(0).normal(size=(len(WORDS), 256)).astype(np.float32)
    head = {"embeddings": {"dtype": "F32", "shape": table.shape, "data_offsets": [0, table.nbytes]}}
    written = json.dumps(head).encode()
    (folder / "model.safetensors").write_bytes(len(written).to_bytes(8, "little") + written + table.tobytes())
    (folder / "pytorch_model.bin").write_bytes(b"large")
    return folder


@contextmanager
def hub(files: Path, repository: str) -> Iterator[str]:
    """Answer as the hub does, and yield its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path.startswith(f"/api/models/{repository}/tree/"):
                self._send(json.dumps([_entry(each) for each in sorted(files.iterdir())]).encode())
            elif path.startswith(f"/api/models/{repository}"):
                self._send(json.dumps({"id": repository, "sha": COMMIT, "siblings": []}).encode())
            elif path.startswith(f"/{repository}/resolve/{COMMIT}/"):
                file = files / path.rpartition("/")[2]
                self._send(file.read_bytes(), tag=_tag(file))
            else:
                self._send(b"", status=404)

        def _send(self, body: bytes, *, status: int = 200, tag: str = "") -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if tag:
                self.send_header("ETag", f'"{tag}"')
                self.send_header("X-Repo-Commit", COMMIT)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

    with serve_handler(Handler) as address:
        yield address


def _entry(path: Path) -> dict[str, object]:
    return {"type": "file", "path": path.name, "size": path.stat().st_size, "oid": _tag(path)}


def _tag(path: Path) -> str:
    return sha1(path.read_bytes()).hexdigest()


async def test_a_fetched_model_is_read_without_the_hub(model: ListedModel, files: Path, tmp_path: Path) -> None:
    with hub(files, model.repository) as address:
        folder = fetch(model, tmp_path / "models", endpoint=address)
    assert folder == tmp_path / "models" / "potion-base-8M"
    assert {each.name for each in folder.iterdir()} == {"tokenizer.json", "model.safetensors"}
    embedder = FastembedEmbedder(NAME, folder=folder, prefixes=Prefixes())
    assert (await embedder.embed_documents(["pump", "pressure"])).shape == (2, 256)
    assert fetch(model, tmp_path / "models", endpoint="http://127.0.0.1:9") == folder


@pytest.mark.parametrize("lost", ["tokenizer.json", "model.safetensors"])
def test_a_repository_without_a_needed_file_leaves_nothing(
    model: ListedModel, files: Path, tmp_path: Path, lost: str
) -> None:
    (files / lost).unlink()
    with hub(files, model.repository) as address, pytest.raises(EmbeddingModelMissing, match="potion-base-8M lacks"):
        fetch(model, tmp_path / "models", endpoint=address)
    assert not list((tmp_path / "models").iterdir())


def test_a_hub_that_is_away_leaves_nothing(model: ListedModel, tmp_path: Path) -> None:
    with pytest.raises(EmbeddingModelMissing, match=f"{NAME} cannot be fetched"):
        fetch(model, tmp_path / "models", endpoint="http://127.0.0.1:9")
    assert not list((tmp_path / "models").iterdir())


def test_a_folder_with_half_a_model_is_named(model: ListedModel, files: Path, tmp_path: Path) -> None:
    folder = tmp_path / "models" / "potion-base-8M"
    folder.mkdir(parents=True)
    shutil.copy(files / "tokenizer.json", folder)
    with pytest.raises(EmbeddingModelMissing, match=r"potion-base-8M lacks .*onnx"):
        fetch(model, tmp_path / "models", endpoint="http://127.0.0.1:9")


def test_models_are_found_by_the_names_of_fastembed() -> None:
    found = find_listed("baai/BGE-small-en-v1.5")
    assert (found.name, found.is_reranker) == ("BAAI/bge-small-en-v1.5", False)
    assert "model_optimized.onnx" in found.files
    assert find_listed("Xenova/ms-marco-MiniLM-L-6-v2").is_reranker
    assert "model.onnx_data" in find_listed("intfloat/multilingual-e5-large").files
    with pytest.raises(EmbeddingModelMissing, match="no model bert"):
        find_listed("bert")
