"""Settings of retrieval: what a search does unless the caller says otherwise."""

from pydantic import Field

from rag.indexing.ports import Mode
from rag.retrieval.passages import Expansion, RetrievalOptions, Rewriting
from servicekit.settings import Group


class RetrievalSettings(Group):
    """How passages are found. Every optional stage is off unless the evaluation shows that it pays."""

    limit: int = Field(10, gt=0, le=50, description="Passages that a search returns, and an answer may use")
    candidates: int = Field(50, gt=0, le=500, description="Hits that are looked at before reranking")
    mode: Mode = Field(Mode.HYBRID, description="hybrid, dense or sparse")
    dense_weight: float = Field(
        0.35, gt=0, le=10, description="Hybrid mode: what a rank by meaning counts beside 1 for one by words"
    )
    rerank: bool = Field(False, description="Sort the candidates by the reranker")
    expansion: Expansion = Field(
        Expansion.NONE, description="Text around a hit for the model: none, neighbours, parent"
    )
    rewriting: Rewriting = Field(Rewriting.NONE, description="More searches by a model: none, multi_query, hyde")
    condense: bool = Field(True, description="Rewrite a follow-up by a model so that it says what it means by itself")
    rewriting_queries: int = Field(3, gt=0, le=8, description="Wordings that multi_query adds to the question")
    rewriting_seconds: float = Field(10, gt=0, description="Longest wait for a rewriting; then it is done without")

    def options(self) -> RetrievalOptions:
        """Return the options of a search that says nothing of its own."""
        return RetrievalOptions(
            limit=self.limit,
            candidates=self.candidates,
            mode=self.mode,
            dense_weight=self.dense_weight,
            rerank=self.rerank,
            expansion=self.expansion,
            rewriting=self.rewriting,
            condense=self.condense,
        )
