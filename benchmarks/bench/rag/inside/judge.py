"""Judges what other pipelines find, by the metrics and on the questions of the project's own evaluation.

`{}` returns the project's documents and its golden questions, `{"set": FILE}` the questions of a file, and
`{"found": […]}` scores passages for the questions that were returned last.
"""

from pathlib import Path
from typing import Any

from bench.rag.inside.talk import serve
from rag.documents.folders import project_documents
from rag.evaluation.cases import Case
from rag.evaluation.corpus import project_root
from rag.evaluation.files import PROJECT, read_file, read_set
from rag.evaluation.observations import Spot
from rag.evaluation.ranking import hit, ndcg, recall


class Judge:
    """Remembers the questions."""

    def __init__(self) -> None:
        self._cases: list[Case] = []

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer one request."""
        if "found" in request:
            found = zip(self._cases, request["found"], strict=True)
            return {"scores": {case.id: score(case, passages) for case, passages in found}}
        cases = read_file(Path(request["set"])) if "set" in request else read_set(PROJECT)
        self._cases = [case for case in cases if case.answerable and not case.history]
        files = [] if "set" in request else [str(path) for _, path in project_documents(project_root())]
        return {"files": files, "questions": [case.question for case in self._cases]}


def score(case: Case, passages: list[dict[str, Any]]) -> dict[str, float]:
    """Return the metrics of one question. Other pipelines keep no headings beside the text, only in it."""
    spots = [Spot(each["file"], each["page"], each["page"], (), each["text"]) for each in passages]
    return {
        "recall@5": recall(spots, case, 5),
        "recall@10": recall(spots, case, 10),
        "ndcg@10": ndcg(spots, case, 10),
        "hit@1": hit(spots, case, 1),
        "hit@5": hit(spots, case, 5),
    }


if __name__ == "__main__":
    serve(Judge().answer)
