import pytest

from rag.evaluation.configurations import STAGES, ConfigurationRefused, Variant, changed
from rag.indexing.ports import Mode
from rag.retrieval.passages import Expansion, RetrievalOptions, Rewriting


def test_changes_are_made_to_the_base() -> None:
    variant = changed(
        Variant(RetrievalOptions(candidates=20)),
        "mode=dense,dense_weight=2, rerank=true,expansion=parent,rewriting=hyde,limit=4",
    )
    assert variant.retrieval == RetrievalOptions(
        limit=4,
        candidates=20,
        mode=Mode.DENSE,
        dense_weight=2,
        rerank=True,
        expansion=Expansion.PARENT,
        rewriting=Rewriting.HYDE,
    )
    assert changed(variant, "candidates=7,rerank=false").retrieval.candidates == 7


def test_chunking_needs_an_index_of_its_own() -> None:
    assert changed(Variant(), "chunking=fixed,target_tokens=100").chunking == ("fixed", 100)
    assert changed(Variant(), "mode=sparse").chunking == Variant().chunking


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_changes_the_defaults(stage) -> None:
    assert changed(Variant(), STAGES[stage]) != Variant()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("colour=red", "'colour=red' is not one of mode="),
        ("rerank", "'rerank' is not one of"),
        ("", "'' is not one of"),
        ("dense_weight=0", "dense_weight=0: must be a number above 0, at most 10"),
        ("dense_weight=nan", "dense_weight=nan: must be a number above 0, at most 10"),
        ("mode=both", "mode=both: must be one of hybrid, dense, sparse"),
        ("rerank=yes", "rerank=yes: must be true or false"),
        ("limit=0", "limit=0: must be a whole number from 1 to 100"),
        ("limit=-1", "must be a whole number"),
        ("chunking=magic", "chunking=magic: must be one of structure, sentences, fixed"),
    ],
)
def test_what_is_not_understood_is_said_so(text, complaint) -> None:
    with pytest.raises(ConfigurationRefused, match=complaint):
        changed(Variant(), text)
