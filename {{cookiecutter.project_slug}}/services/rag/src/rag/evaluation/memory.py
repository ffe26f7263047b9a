"""Adapters of the evaluation's ports that say what they were told to, by the case's id."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rag.evaluation.cases import Case
from rag.evaluation.observations import Given, Verdict
from rag.retrieval.passages import Passage, RetrievalOptions
from servicekit.problems import Problem


@dataclass(slots=True)
class MemorySearching:
    """Finds what it was given; nothing for other cases."""

    found: Mapping[str, Sequence[Passage]]
    asked: list[RetrievalOptions] = field(default_factory=list)

    async def search(self, tenant: str, case: Case, options: RetrievalOptions) -> tuple[Passage, ...]:  # noqa: ARG002 - one tenant only
        """See `Searching`."""
        self.asked.append(options)
        return tuple(self.found.get(case.id, ()))[: options.limit]


@dataclass(slots=True)
class MemoryAnswering:
    """Answers what it was given; a `Problem` is raised."""

    given: Mapping[str, Given | Problem]

    async def answer(self, tenant: str, case: Case, options: RetrievalOptions) -> Given:  # noqa: ARG002 - always the same
        """See `Answering`."""
        answer = self.given[case.id]
        if isinstance(answer, Problem):
            raise answer
        return answer


@dataclass(slots=True)
class MemoryJudging:
    """Judges as it was told, the same of all."""

    verdict: Verdict
    judged: list[str] = field(default_factory=list)

    async def judge(self, tenant: str, case: Case, given: Given) -> Verdict:  # noqa: ARG002 - always the same
        """See `Judging`."""
        self.judged.append(case.id)
        return self.verdict
