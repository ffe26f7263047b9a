import argparse

import pytest
import structlog

from rag.evaluation.cli import add_commands
from rag.evaluation.corpus import CorpusRefused, project_root, read_folder
from rag.parsing.limits import ParsingLimits
from rag.settings import RagSettings
from servicekit.testkit.settings import make_settings


@pytest.fixture
def logs():
    """The command decides where logs go; give that back."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def test_what_is_refused_is_one_line_and_exit_code_2(tmp_path, capsys, logs) -> None:
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers(), lambda: make_settings(RagSettings, tmp_path))
    parsed = parser.parse_args(["evaluate", "--set", str(tmp_path / "none.jsonl")])
    assert parsed.run(parsed) == 2
    assert capsys.readouterr().err.startswith("evaluate: ")


def test_the_projects_documentation_is_found_from_anywhere(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert (project_root() / "docs" / "learn" / "rag.md").is_file()


def test_a_folder_without_documents_is_refused(tmp_path) -> None:
    with pytest.raises(CorpusRefused, match="there are no documents in"):
        read_folder(tmp_path, ParsingLimits())
    (tmp_path / "empty.pdf").write_bytes(b"%PDF-1.7 nothing")
    with pytest.raises(CorpusRefused, match=r"empty\.pdf: "):
        read_folder(tmp_path, ParsingLimits())
