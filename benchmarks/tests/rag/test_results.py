from pathlib import Path

from bench.rag.answering import AnswerFigure
from bench.rag.crowd import CrowdFigure
from bench.rag.embedding import EmbeddingFigure
from bench.rag.ingestion import IngestionFigure
from bench.rag.installation import NAME
from bench.rag.quality import CITING, PROJECT_DOCS, STAGE_METRICS, QualityFigure, StageFigure
from bench.rag.results import Results
from bench.rag.scene import DIRECT, SDK
from bench.rag.search import LOCAL, SearchReading
from bench.rag.starting import Held, Start
from bench.rag.tables import render


def results() -> Results:
    metrics = dict.fromkeys(STAGE_METRICS, 0.5)
    return Results(
        machine={"cores": "2"},
        versions={"Python": "3.11"},
        method={"search": "today"},
        ingestion=[
            IngestionFigure(NAME, 200, 90.0, 9.5, 600, 250, 25, 90),
            IngestionFigure("LangChain", 200, 30, 12, 800, 150, 0),
        ],
        embedding=[EmbeddingFigure(200, 600, 80.0, 76.0, 431)],
        search=[SearchReading(LOCAL, 1000, 0, 100, 10, 20, 0), SearchReading(NAME, 1000, 1, 200, 5, 9, 0)],
        answers=[AnswerFigure(SDK, DIRECT, 9, 40, 800), AnswerFigure(SDK, NAME, 9, 52, 820.4)],
        crowd=[CrowdFigure(NAME, 200, 900, 1100, 8000, 8800, 300, 0.25)],
        quality=[QualityFigure(PROJECT_DOCS, NAME, 66, {"recall@5": 0.97, CITING: 0.8}, 4)],
        stages=[
            StageFigure("", metrics, {}, 4, 24, 2600),
            StageFigure("hyde", metrics, {"ndcg@10": "worse"}, 7, 25, 2700),
        ],
        starts=[Start(19.5, [Held("python -m rag serve", 270, 230)])],
    )


def test_results_survive_being_written_and_read(tmp_path: Path) -> None:
    results().write(tmp_path / "results.json")
    assert Results.read(tmp_path / "results.json") == results()


def test_without_a_file_there_is_nothing_yet(tmp_path: Path) -> None:
    assert Results.read(tmp_path / "results.json") == Results()
    assert "###" not in render(Results()).partition("### Versions")[0]


def test_the_document_has_every_table() -> None:
    text = render(results())
    for part in (
        "| 200 | **this project** | 90 | 1.00 × | 9.5 | 600 | 250 + 25 | 90 |",
        "| 200 | LangChain | 30 | 3.00 × | 12.0 | 800 | 150 |  |",
        "| 200 | 600 | 80.0 | 76.0 | 5.0 % | 431 |",
        "| 1,000 | qdrant-client local mode, bare | in process | 10.00 | 20.0 | 0.50 × | 100 |",
        "| **this project** | 9 | 52.0 | +12.0 | 820.4 | +20.4 |",
        "| **this project** | 200 | 900 / 1,100 | 8,000 / 8,800 | 1.10 | 300 | 0.25 |",
        "0.970",
        "0.500 ▼",
        "| start 1: to the first answer | 19.5 s |",
        "| `make dev` | the first answer within 20 s | 19.5 s | kept |",
    ):
        assert part in text
