"""The results of the last run of each section, on disk as `results-rag.json`."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.rag import bars
from bench.rag.answering import AnswerFigure
from bench.rag.bars import Verdict
from bench.rag.crowd import CrowdFigure
from bench.rag.embedding import EmbeddingFigure
from bench.rag.ingestion import IngestionFigure
from bench.rag.quality import QualityFigure, StageFigure
from bench.rag.search import SearchReading
from bench.rag.starting import Held, Start


@dataclass(slots=True)
class Results:
    """Everything that runs have found out."""

    machine: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    method: dict[str, str] = field(default_factory=dict)
    """How each section was measured: when, how often, beside what load."""
    ingestion: list[IngestionFigure] = field(default_factory=list)
    embedding: list[EmbeddingFigure] = field(default_factory=list)
    search: list[SearchReading] = field(default_factory=list)
    answers: list[AnswerFigure] = field(default_factory=list)
    crowd: list[CrowdFigure] = field(default_factory=list)
    quality: list[QualityFigure] = field(default_factory=list)
    stages: list[StageFigure] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)

    def verdicts(self) -> list[Verdict]:
        """Return every promise with what was measured."""
        return list(self._verdicts())

    def write(self, path: Path) -> None:
        """Write them as JSON, with the verdicts beside."""
        path.parent.mkdir(parents=True, exist_ok=True)
        document = {**asdict(self), "verdicts": [asdict(verdict) for verdict in self.verdicts()]}
        path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")

    @classmethod
    def read(cls, path: Path) -> "Results":
        """Read what `write` wrote; nothing yet when there is no file."""
        if not path.exists():
            return cls()
        document: dict[str, Any] = json.loads(path.read_text())
        del document["verdicts"]  # they follow from the rest
        starts = [Start(one["seconds"], [Held(**held) for held in one["processes"]]) for one in document.pop("starts")]
        kinds: dict[str, type] = {
            "ingestion": IngestionFigure,
            "embedding": EmbeddingFigure,
            "search": SearchReading,
            "answers": AnswerFigure,
            "crowd": CrowdFigure,
            "quality": QualityFigure,
            "stages": StageFigure,
        }
        fields: dict[str, Any] = {
            name: [kinds[name](**one) for one in value] if name in kinds else value for name, value in document.items()
        }
        return cls(**fields, starts=starts)

    def _verdicts(self) -> Iterator[Verdict]:
        yield from bars.judge_ingestion(self.ingestion)
        yield from bars.judge_embedding(self.embedding)
        yield from bars.judge_search(self.search)
        yield from bars.judge_answers(self.answers)
        yield from bars.judge_crowd(self.crowd)
        yield from bars.judge_stages(self.stages)
        yield from bars.judge_quality(self.quality)
        yield from bars.judge_start(self.starts)
