"""Tags and metadata."""

import pytest

from rag.documents.errors import LabelsRefused
from rag.documents.labels import parse_metadata, parse_tags


def test_tags_are_trimmed_and_kept_once_in_order() -> None:
    assert parse_tags(" b , a,,b ") == ["b", "a"]
    assert parse_tags("") == []
    assert parse_tags(None) is None


def test_metadata_keeps_its_types() -> None:
    text = '{"text": "line\\nbreak", "whole": 2, "fraction": 2.5, "yes": true, "no": false}'
    found = parse_metadata(text)

    assert found == {"text": "line\nbreak", "whole": 2, "fraction": 2.5, "yes": True, "no": False}
    assert [type(value) for value in found.values()] == [str, int, float, bool, bool]
    assert parse_metadata(" ") is None
    assert parse_metadata(None) is None


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('{"a": null, "b": [1], "c": 1}', ["metadata.a", "metadata.b"]),
        ('{" a": 1}', ["metadata. a"]),
        ("[1]", ["metadata"]),
        ("{", ["metadata"]),
    ],
)
def test_each_entry_that_cannot_be_used_is_named_once(text: str, names: list[str]) -> None:
    with pytest.raises(LabelsRefused) as refusal:
        parse_metadata(text)

    assert [fault.name for fault in refusal.value.errors] == names


def test_a_refused_tag_is_named_by_its_place() -> None:
    with pytest.raises(LabelsRefused) as refusal:
        parse_tags(f"fine,{'x' * 65}")

    assert [fault.name for fault in refusal.value.errors] == ["tags.1"]
