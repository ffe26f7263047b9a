"""`python -m rag evaluate` on real documents: real parsing, the embedded store of vectors, the offline model."""

import argparse
import json
from pathlib import Path

import pytest

from llmkit.prompts import PromptStore
from rag.answers import PROMPTS
from rag.cli import migration_folders
from rag.evaluation.cli import add_commands
from rag.evaluation.command import Refused, run
from rag.evaluation.local import Tools
from rag.evaluation.tracking import open_client
from rag.settings import RagSettings

HANDBOOK = """# Handbook

## Opening

The office opens at 08:30 in the morning. It closes at 17:00 in the evening.

## Holidays

Every employee gets 28 days of holiday in a year.

## Parking

The car park has 40 places behind the building.
"""
QUESTIONS = [
    {
        "question": "When does the office open?",
        "answer": "At 08:30.",
        "document": "handbook.md",
        "page": 1,
        "facts": ["08:30"],
    },
    {
        "question": "How many days of holiday does an employee get?",
        "answer": "28 days.",
        "document": "handbook.md",
        "page": 1,
    },
    {"question": "Who was the first king of Norway?", "kind": "unanswerable"},
]
BOUNDS = '[facts]\nbound = 0.9\nreason = "the test wants it"\n'


@pytest.fixture
def arguments(tmp_path: Path):
    """Parse the command's arguments; `@` is the test's folder."""
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "handbook.md").write_text(HANDBOOK)
    (tmp_path / "questions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in QUESTIONS))
    (tmp_path / "bounds.toml").write_text(BOUNDS)

    def parse(*texts: str) -> argparse.Namespace:
        parser = argparse.ArgumentParser()
        add_commands(parser.add_subparsers(), RagSettings)
        return parser.parse_args(["evaluate", *(text.replace("@", str(tmp_path)) for text in texts)])

    return parse


OWN = ("--dir", "@/documents", "--set", "@/questions.jsonl")


@pytest.fixture
def evaluate(settings: RagSettings, arguments):
    """Run the command; return its exit code and what it wrote to both streams."""

    async def evaluate(*texts: str) -> tuple[int, str, str]:
        out: list[str] = []
        err: list[str] = []
        tools = Tools(PromptStore.load(PROMPTS), migration_folders())
        code = await run(settings, arguments(*texts), tools, out.append, err.append)
        return code, "".join(out), "".join(err)

    return evaluate


async def test_own_documents_and_questions_are_evaluated(evaluate, tmp_path) -> None:
    code, out, err = await evaluate(*OWN, "--output", "@/report.json", "--gate", "--bounds", "@/bounds.toml")
    assert code == 0
    assert "3 questions" in out
    assert "The gate is passed" in out
    assert "semantic cache" in out
    assert "3 of 3 questions asked" in err
    report = json.loads((tmp_path / "report.json").read_text())["report"]
    assert report["metrics"]["recall@5"]["value"] == 1
    assert report["metrics"]["abstention_recall"]["value"] == 1
    assert report["metrics"]["cache_false_hits"]["cases"] == 24
    assert report["configuration"]["models"] == ["offline"]


async def test_two_runs_differ_in_nothing_but_their_timings(evaluate, tmp_path) -> None:
    reports = []
    for _ in range(2):
        await evaluate(*OWN, "--output", "@/report.json")
        reports.append(json.loads((tmp_path / "report.json").read_text())["report"])
        del reports[-1]["timings_ms"]
    assert reports[0] == reports[1]


async def test_the_gate_fails_on_questions_that_the_documents_answer_otherwise(evaluate, tmp_path) -> None:
    wrong = QUESTIONS[0] | {"answer": "At 09:15.", "facts": ["09:15"]}
    (tmp_path / "wrong.jsonl").write_text(json.dumps(wrong))
    code, _, err = await evaluate(
        "--dir", "@/documents", "--set", "@/wrong.jsonl", "--gate", "--bounds", "@/bounds.toml"
    )
    assert code == 1
    assert "gate: facts is 0.000, it must be at least 0.9: the test wants it" in err


async def test_configurations_are_compared(evaluate) -> None:
    code, out, _ = await evaluate(
        *OWN, "--search-only", "--compare", "mode=sparse", "--compare", "chunking=fixed,rerank=true"
    )
    assert code == 0
    assert "second: mode=sparse" in out
    assert "Changes against the first configuration" in out
    assert "semantic cache" not in out


async def test_every_stage_is_compared_with_the_base(evaluate) -> None:
    _, out, _ = await evaluate(*OWN, "--search-only", "--stages", "--base", "mode=sparse")
    overview = out.rsplit("\nconfiguration", 1)[1]
    for stage in (
        "dense only",
        "rerank",
        "neighbours",
        "parent",
        "multi_query",
        "hyde",
        "not condensed",
        "chunking fixed",
    ):
        assert stage in overview
    for base in ("sparse only", "chunking structure"):
        assert base not in overview


@pytest.mark.parametrize(
    ("texts", "complaint"),
    [
        (("--set", "@/none.jsonl"), "No such file"),
        (("--set", "@/bounds.toml"), "bounds.toml, line 1: it is not JSON"),
        (("--dir", "@/nowhere"), "is not a folder"),
        (("--compare", "colour=red"), "not one of mode="),
        (("--chunking", "magic"), "must be one of structure"),
        ((*OWN, "--gate"), "give yours with --bounds FILE"),
        (("--gate", "--bounds", "@/questions.jsonl"), "questions.jsonl"),
    ],
)
async def test_what_cannot_be_done_is_said_before_anything_takes_time(evaluate, texts, complaint) -> None:
    with pytest.raises(Refused, match=complaint):
        await evaluate(*texts)


@pytest.mark.timeout(300)  # MLflow takes seconds to import and longer to make its tables
async def test_an_evaluation_is_logged_with_its_comparisons(evaluate, settings) -> None:
    _, out, _ = await evaluate(*OWN, "--search-only", "--compare", "mode=dense", "--track")
    run = open_client(settings.mlflow_uri).get_run(out.rsplit("MLflow run ", 1)[1].strip())
    assert run.info.run_name == "questions"
    logged = Path(run.info.artifact_uri.removeprefix("file://")) / "comparisons.json"
    assert json.loads(logged.read_text())["mode=dense"]["metrics"].keys() >= {"recall@5", "ndcg@10"}


@pytest.mark.settings(mlflow__tracking_uri="http://127.0.0.1:9")
async def test_an_mlflow_that_does_not_take_it_is_said_so(evaluate) -> None:
    with pytest.raises(Refused, match="MLflow did not take it"):
        await evaluate(*OWN, "--search-only", "--track")


@pytest.mark.settings(evaluation__judge=True)
async def test_the_offline_model_is_no_judge(evaluate) -> None:
    with pytest.raises(Refused, match="The offline model cannot judge"):
        await evaluate(*OWN)
