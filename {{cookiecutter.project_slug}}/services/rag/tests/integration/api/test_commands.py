"""The command line, and the application that it starts, on the embedded parts of `make dev`."""

import importlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import uvicorn
from pydantic import ValidationError

from llmkit.embeddings.settings import EmbeddingSettings
from rag.app import build_app
from rag.cli import main
from rag.openapi import document
from rag.remote import RemoteRefused, RemoteService
from rag.settings import RagSettings
from servicekit.testkit.settings import make_settings

KEY = "dev-commands"
COMMANDS = ("serve", "migrate", "seed", "openapi", "ingest", "model", "reindex", "evaluate", "prompts", "demo", "keys")
ANSWER = "The blue valve opens at ninety degrees."
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with some documentation."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "docs" / "guide").mkdir(parents=True)
    (folder / "README.md").write_text("# Plant\n\nThis is the manual of the plant.\n")
    (folder / "docs" / "guide" / "valves.md").write_text(f"# Valves\n\n{ANSWER}\n")
    (folder / "docs" / "picture.png").write_bytes(b"\x89PNG")
    return folder


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Iterator[Path]:
    """A folder of data after `migrate` and `seed`, and the environment that names it."""
    folder = tmp_path_factory.mktemp("data")
    variables = {
        "ENVIRONMENT": "test",
        "DATA_DIR": str(folder),
        "AUTH__DEVELOPMENT_KEY": KEY,
        "LIMITS__DEFAULT": "1000000/minute",
        "EVALUATION__MLFLOW": "false",
    }
    with pytest.MonkeyPatch.context() as environment:
        environment.chdir(project)
        for name, value in variables.items():
            environment.setenv(name, value)
        assert main(["migrate"]) == 0
        assert main(["seed"]) == 0
        yield folder


@pytest.fixture
def server(seeded: Path) -> Iterator[str]:
    """The address of the application, served by a thread with its embedded worker."""
    running = uvicorn.Server(uvicorn.Config(build_app(), port=0, log_config=None, access_log=False))
    thread = threading.Thread(target=running.run)
    thread.start()
    while not running.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}"
    running.should_exit = True
    thread.join()


def test_the_seeded_documents_answer_the_first_question(server: str) -> None:
    with httpx2.Client(base_url=server, headers={"X-API-Key": KEY}, timeout=60) as http:
        names = {item["name"]: item["state"] for item in http.get("/v1/documents").json()["items"]}
        answer = http.post("/v1/ask", json={"question": "When does the blue valve open?"}).json()

    assert names == {"README.md": "ready", "docs/guide/valves.md": "ready"}
    assert "ninety degrees" in answer["answer"]
    assert answer["citations"][0]["document_name"] == "docs/guide/valves.md"


def test_seeding_again_changes_nothing_and_a_changed_document_is_read_again(seeded, project, capsys) -> None:
    assert main(["seed"]) == 0
    assert "nothing new" in capsys.readouterr().out
    readme = project / "README.md"
    readme.write_text(readme.read_text() + "\nIt was built in 1999.\n")
    (project / "docs" / "later.md").write_text("# Later\n\nSomebody may have deleted this one.\n")

    assert main(["seed"]) == 0

    assert "1 documents can be asked." in capsys.readouterr().out
    (project / "docs" / "later.md").unlink()


def test_nothing_is_seeded_without_a_development_key(seeded, monkeypatch, capsys) -> None:
    monkeypatch.delenv("AUTH__DEVELOPMENT_KEY")

    assert main(["seed"]) == 0

    assert "nothing to seed" in capsys.readouterr().out


def test_a_folder_is_taken_in_over_http(server: str, tmp_path: Path, capsys) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "pumps.txt").write_text("Pump seven is red.")
    (tmp_path / "empty.md").write_text("")
    (tmp_path / "fake.pdf").write_bytes(b"%PDF-1.7 nothing")

    labels = ["--tags", "machines", "--metadata", '{"year": 2026}']
    assert main(["ingest", str(tmp_path), "--url", server, *labels]) == 1

    said = capsys.readouterr().out
    assert "sub/pumps.txt: accepted, 1 chunks" in said
    assert "empty.md: refused (no_text)" in said
    assert "fake.pdf: failed (corrupt)" in said
    assert "1 of 3 documents can be asked." in said
    with httpx2.Client(base_url=server, headers={"X-API-Key": KEY}) as http:
        (item,) = http.get("/v1/documents?tag=machines&state=ready").json()["items"]
    assert (item["name"], item["metadata"]) == ("sub/pumps.txt", {"year": 2026})


def test_a_folder_without_documents_and_a_service_that_is_away_are_said_so(seeded, tmp_path, capsys) -> None:
    assert main(["ingest", str(tmp_path)]) == 2
    assert "there is no PDF" in capsys.readouterr().err
    (tmp_path / "a.md").write_text("text")
    assert main(["ingest", str(tmp_path), "--url", "http://127.0.0.1:9"]) == 1
    assert "no service answers at http://127.0.0.1:9" in capsys.readouterr().err


def test_one_refused_file_is_said_so_with_its_reason(server: str, tmp_path: Path, capsys) -> None:
    (tmp_path / "empty.md").write_text("")
    assert main(["ingest", str(tmp_path), "--url", server]) == 1
    assert "empty.md: refused: The file is empty." in capsys.readouterr().out
    (tmp_path / "empty.md").write_text("text")
    assert main(["ingest", str(tmp_path), "--url", server, "--key", "wrong"]) == 1
    assert "ingest: " in capsys.readouterr().err


def test_the_running_service_is_asked_to_rebuild_its_index(server: str, capsys) -> None:
    assert main(["reindex", "--url", server]) == 0

    said = capsys.readouterr().out
    assert f"Asking {server}." in said
    assert "The index was rebuilt: " in said


def test_other_embeddings_are_refused_at_start_until_the_index_is_rebuilt(seeded, monkeypatch, capsys) -> None:
    monkeypatch.setenv("EMBEDDING__DIMENSIONS", "256")

    for command in ("serve", "seed"):
        assert main([command]) == 78
        assert "hashed-256-1: run `make reindex`" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        importlib.import_module("rag.worker")
    assert ended.value.code == 78
    assert main(["reindex", "--url", "http://127.0.0.1:9"]) == 0
    assert "The index was rebuilt: " in capsys.readouterr().out
    assert main(["seed"]) == 0
    monkeypatch.delenv("EMBEDDING__DIMENSIONS")
    assert main(["serve"]) == 78
    assert main(["reindex", "--url", "http://127.0.0.1:9"]) == 0


def test_a_folder_that_another_process_uses_is_said_so(seeded, capsys) -> None:
    code = (
        "import fcntl, sys\n"
        f"file = open({str(seeded / 'index' / '.lock')!r}, 'a')\n"
        "fcntl.flock(file, fcntl.LOCK_EX)\nprint('held', flush=True)\nsys.stdin.read()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        holder.stdout.readline()
        assert main(["reindex", "--url", "http://127.0.0.1:9"]) == 1
        assert "Another process uses the embedded vector store" in capsys.readouterr().err
        assert main(["seed"]) == 1
        holder.stdin.close()


def test_the_worker_process_knows_all_jobs_and_schedules(seeded) -> None:
    worker = importlib.import_module("rag.worker")
    kinds = {"document.ingest", "document.purge", "document.relabel", "index.rebuild", "index.sweep", "evaluation.run"}
    assert kinds <= {spec.kind for spec in worker.catalog}
    assert "index.sweep" in {schedule.kind for schedule in worker.catalog.schedules}
    assert worker.celery.main == "rag"


def test_workers_of_their_own_need_a_vector_store_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="INDEX__URL"):
        make_settings(RagSettings, tmp_path, jobs__broker_url="redis://redis:6379/1")
    make_settings(RagSettings, tmp_path, jobs__broker_url="redis://redis:6379/1", index__url="http://qdrant:6333")


def test_writes_the_openapi_document_where_it_is_told(capsys, tmp_path) -> None:
    assert main(["openapi"]) == 0
    assert capsys.readouterr().out == document()
    assert main(["openapi", "--output", str(tmp_path / "openapi.json")]) == 0
    assert (tmp_path / "openapi.json").read_text() == document()


def test_help_lists_every_command(capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    listed = capsys.readouterr().out
    for command in COMMANDS:
        assert f"\n    {command} " in listed


def test_an_interrupted_command_says_so_by_its_exit_code(monkeypatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pathlib.Path.write_text", interrupt)
    assert main(["openapi", "--output", "unused.json"]) == 130


def test_a_job_that_fails_is_a_reason() -> None:
    with RemoteService("http://127.0.0.1:9", "key") as service:
        job = {"finished_at": "now", "state": "cancelled", "error": None}
        with pytest.raises(RemoteRefused, match="The job is cancelled"):
            service.wait(job, lambda _fraction, _message: None)
        with pytest.raises(RemoteRefused, match="does not answer"):
            service.document("1")
    assert os.environ.get("RAG_KEY") is None


@pytest.mark.timeout(300)  # MLflow takes seconds to import and longer to make its tables
def test_prompts_are_published_with_the_version_that_answers(seeded, monkeypatch, tmp_path, capsys) -> None:
    monkeypatch.setenv("MLFLOW__TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")

    assert main(["prompts"]) == 0
    assert "rag-answer: 1 new" in capsys.readouterr().out
    assert main(["prompts"]) == 0
    assert "rag-answer: 0 new" in capsys.readouterr().out
    monkeypatch.setenv("MLFLOW__TRACKING_URI", "sqlite:////proc/nowhere/mlflow.db")
    assert main(["prompts"]) == 1
    assert "did not take them" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "files", "chosen"),
    [
        ("minishlab/potion-base-8M", ("tokenizer.json", "model.safetensors"), "provider"),
        ("Xenova/ms-marco-MiniLM-L-6-v2", ("tokenizer.json", "tokenizer_config.json", "model.onnx"), "reranker"),
    ],
)
def test_a_model_comes_with_the_settings_that_use_it(
    name: str, files: tuple[str, ...], chosen: str, tmp_path: Path, capsys
) -> None:
    folder = tmp_path / name.rpartition("/")[2]
    folder.mkdir()
    for file in files:
        (folder / file).touch()
    assert main(["model", name, "--into", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    lines = [line.strip().partition("=")[::2] for line in printed.splitlines() if line.startswith("    EMBEDDING__")]
    embedding = EmbeddingSettings(**{key.removeprefix("EMBEDDING__").lower(): value for key, value in lines})
    assert getattr(embedding, chosen) == "fastembed"
    assert folder in (embedding.model_dir, embedding.reranker_dir)
    assert ("make reindex" in printed) == (chosen == "provider")


def test_a_model_that_nobody_knows_is_named(tmp_path: Path, capsys) -> None:
    assert main(["model", "bert", "--into", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "model: fastembed lists no model bert\n"
