"""A project grows: what was generated at one milestone becomes a later one, over the owner's own work."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from bakery import COMPONENTS, MILESTONES, run

GIT = ["git", "-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "init.defaultBranch=main"]
GROWN = {"milestone": "platform", "components": ",".join(MILESTONES["platform"])}


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run([*GIT, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def commit(folder: Path, message: str) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)


def cruft(folder: Path, home: Path, *arguments: str) -> str:
    result = run([sys.executable, "-m", "cruft", *arguments], folder, HOME=str(home), GIT_CONFIG_GLOBAL="/dev/null")
    assert result.returncode == 0, result.output
    return result.output


@pytest.fixture
def repository(own_template: Path) -> Path:
    """The template as a git repository, which is what cruft follows."""
    git(own_template, "init", "--quiet")
    commit(own_template, "The template")
    return own_template


@pytest.fixture
def project(repository: Path, tmp_path: Path) -> Path:
    """A project at the first milestone, with work of its owner in new and in generated files."""
    answers = json.dumps({"project_name": "Acme", "milestone": "prediction"})
    cruft(tmp_path, tmp_path, "create", str(repository), "--no-input", "--extra-context", answers)
    project = tmp_path / "acme"
    git(project, "init", "--quiet")
    commit(project, "Generated")
    (project / "services/prediction/src/prediction/house_rules.py").write_text('"""Ours."""\n', encoding="utf-8")
    append(project / "README.md", "\n## Our own chapter\n")
    replace(project / "compose.yaml", "include:", "# ours\ninclude:")
    (project / "AGENTS.md").unlink()
    commit(project, "Our own work")
    return project


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def our_work_is_kept(project: Path) -> None:
    assert (project / "services/prediction/src/prediction/house_rules.py").exists()
    assert "## Our own chapter" in (project / "README.md").read_text(encoding="utf-8")
    assert "# ours\ninclude:" in (project / "compose.yaml").read_text(encoding="utf-8")
    assert not (project / "AGENTS.md").exists()
    assert list(project.rglob("*.rej")) == []
    assert git(project, "diff", "--name-only", "--diff-filter=U") == ""


def test_grows_to_the_next_milestone_over_the_owners_work(project: Path, tmp_path: Path) -> None:
    secrets = (project / ".env").read_text(encoding="utf-8")
    assert not (project / ".github").exists()
    cruft(project, tmp_path, "update", "--skip-apply-ask", "--variables-to-update", json.dumps(GROWN))
    assert all((project / path).exists() for paths in COMPONENTS.values() for path in paths)
    assert "`.github/workflows/`" in (project / "README.md").read_text(encoding="utf-8")
    assert (project / ".env").read_text(encoding="utf-8") == secrets
    our_work_is_kept(project)
    commit(project, "Grown")
    assert "up to date" in cruft(project, tmp_path, "check")


def test_drops_a_component_except_for_what_its_owner_added_or_changed(project: Path, tmp_path: Path) -> None:
    changed = project / "services/prediction/src/prediction/__init__.py"
    append(changed, "# ours\n")
    commit(project, "A change in the component")
    cruft(project, tmp_path, "update", "--skip-apply-ask", "--variables-to-update", '{"components": "observability"}')
    left = sorted(str(path.relative_to(project)) for path in (project / "services").rglob("*.py"))
    assert left == [str(changed.relative_to(project)), "services/prediction/src/prediction/house_rules.py"]
    assert "# ours" in changed.read_text(encoding="utf-8")
    assert "services/prediction" not in (project / "compose.yaml").read_text(encoding="utf-8")


def test_takes_over_what_is_new_in_the_template(repository: Path, project: Path, tmp_path: Path) -> None:
    source = repository / "{{cookiecutter.project_slug}}"
    replace(source / "README.md", "## Start\n", "## Start here\n")
    append(source / "libs/servicekit/src/servicekit/__init__.py", "# a newer template\n")
    commit(repository, "A newer template")
    cruft(project, tmp_path, "update", "--skip-apply-ask")
    assert "## Start here\n" in (project / "README.md").read_text(encoding="utf-8")
    assert "# a newer template" in (project / "libs/servicekit/src/servicekit/__init__.py").read_text(encoding="utf-8")
    our_work_is_kept(project)


def test_says_when_the_template_has_moved_on(repository: Path, project: Path, tmp_path: Path) -> None:
    assert "up to date" in cruft(project, tmp_path, "check")
    append(repository / "{{cookiecutter.project_slug}}/README.md", "\nNews.\n")
    commit(repository, "News")
    result = run([sys.executable, "-m", "cruft", "check"], project, HOME=str(tmp_path))
    assert result.returncode == 1
    assert "out of date" in result.output
