"""What documents tell the reader to type exists."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from bakery import PROJECT, REPOSITORY, tracked_files

PROJECT_DOCUMENTS = [path for path in tracked_files() if path.suffix == ".md" and path.is_relative_to(PROJECT)]
TEMPLATE_DOCUMENTS = [path for path in tracked_files() if path.suffix == ".md" and not path.is_relative_to(PROJECT)]
COMMAND = re.compile(r"(?:^|`)make((?: +[a-z][a-z-]*)+)(?=[ `\n]|$)", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def targets(*makefiles: Path) -> set[str]:
    """List the commands of Makefiles."""
    text = "\n".join(makefile.read_text(encoding="utf-8") for makefile in makefiles)
    return set(re.findall(r"^([a-z.][a-z-]*):(?!=)", text, re.MULTILINE))


TEMPLATE_TARGETS = targets(REPOSITORY / "Makefile")
PROJECT_TARGETS = targets(REPOSITORY / PROJECT / "Makefile", *(REPOSITORY / PROJECT).glob("services/*/commands.mk"))


def typed(document: Path) -> set[str]:
    """Return the make targets that stand in code, in a block or between backquotes."""
    text = (REPOSITORY / document).read_text(encoding="utf-8")
    blocks = re.findall(r"^```(?:sh|bash|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    code = "\n".join([*blocks, *re.findall(r"`make[^`\n]*`", text)])
    return {target for found in COMMAND.findall(code) for target in found.split()}


@pytest.mark.parametrize("document", PROJECT_DOCUMENTS, ids=str)
def test_commands_of_the_projects_documents_exist(document: Path) -> None:
    assert typed(document) - PROJECT_TARGETS == set()


@pytest.mark.parametrize("document", TEMPLATE_DOCUMENTS, ids=str)
def test_commands_of_the_templates_documents_exist(document: Path) -> None:
    assert typed(document) - TEMPLATE_TARGETS - PROJECT_TARGETS == set()


@pytest.mark.parametrize("document", [Path("README.md"), Path("CONTRIBUTING.md")], ids=str)
def test_commands_of_readme_are_the_templates_own(document: Path) -> None:
    text = (REPOSITORY / document).read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    assert {target for found in COMMAND.findall(blocks) for target in found.split()} <= TEMPLATE_TARGETS


def test_readme_names_every_command_that_checks_or_measures() -> None:
    assert {"demo", "new", "test", "lint", "bench"} <= typed(Path("README.md"))


@pytest.mark.parametrize("document", [*PROJECT_DOCUMENTS, *TEMPLATE_DOCUMENTS], ids=str)
def test_relative_links_lead_to_files(document: Path) -> None:
    text = (REPOSITORY / document).read_text(encoding="utf-8")
    relative = [link for link in LINK.findall(text) if "://" not in link and not link.startswith("mailto:")]
    assert [link for link in relative if not (REPOSITORY / document.parent / unquote(link)).exists()] == []


def test_readme_describes_every_question() -> None:
    questions = re.findall(r"^\| `(\w+)` \|", (REPOSITORY / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert {"project_name", "project_slug", "author_name", "milestone", "components"} <= set(questions)
