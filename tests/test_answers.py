"""Answers through the real cookiecutter: good ones have an effect, bad ones leave nothing behind."""

import json
import shutil
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from bakery import COMPONENTS, MILESTONES, PROJECT, Bake, Bakery, bake, files_below, run

Attempt = Callable[..., Bake]


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({"milestone": "rga"}, "milestone 'rga' does not exist: choose one of platform, prediction, rag."),
        ({"components": "prediction,agnet"}, "component 'agnet' does not exist: choose from "),
        ({"project_name": 'Acme" and $(touch x)'}, "project_name 'Acme\" and $(touch x)' is not allowed"),
        ({"project_name": "", "project_slug": "acme"}, "project_name must have 1 to 80 characters"),
        ({"author_name": "line\nbreak"}, "author_name 'line\\nbreak' is not allowed"),
        ({"author_name": "r''' + __import__('os').getcwd() + r'''"}, "is not allowed"),
        ({"project_slug": "7acme"}, "project_slug '7acme' is not allowed"),
        ({"project_slug": "größe"}, "project_slug 'größe' is not allowed"),
        ({"project_slug": "import"}, "project_slug 'import' is a reserved word"),
        ({"project_slug": "prediction"}, "project_slug 'prediction' is a reserved word"),
        ({"project_slug": "x" * 200}, "at most 40 lower-case letters"),
        ({"project_slug": "../escaped"}, "project_slug '../escaped' is not allowed"),
        ({"project_slug": "a/b/c"}, "project_slug 'a/b/c' is not allowed"),
        ({"project_slug": "a;touch b"}, "project_slug 'a;touch b' is not allowed"),
    ],
)
def test_a_wrong_answer_gets_one_sentence_and_leaves_nothing(
    attempt: Attempt, tmp_path: Path, answers: dict[str, str], sentence: str
) -> None:
    result = attempt(**answers)
    assert result.returncode != 0
    (said,) = (line for line in result.output.splitlines() if line.startswith("Not generated: "))
    assert sentence in said
    assert list(result.folder.iterdir()) == []
    assert not (tmp_path / "escaped").exists()


@pytest.mark.parametrize("slug", ["", ".", "ö" * 300])
def test_a_folder_name_that_cookiecutter_itself_refuses_leaves_nothing(attempt: Attempt, slug: str) -> None:
    result = attempt(project_slug=slug)
    assert result.returncode != 0
    assert list(result.folder.iterdir()) == []


def test_a_wrong_default_in_the_users_own_configuration_is_refused(template: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("default_context: {milestone: everything}\n", encoding="utf-8")
    result = bake(template, tmp_path / "out", {}, "--no-input", "--config-file", str(config))
    assert result.returncode != 0
    assert "milestone 'everything' does not exist" in result.output
    assert list(result.folder.iterdir()) == []


def test_a_replay_file_is_checked_too(template: Path, tmp_path: Path, attempt: Attempt) -> None:
    assert attempt().returncode == 0
    (recorded,) = tmp_path.rglob(".cookiecutter_replay/*.json")
    answers = json.loads(recorded.read_text(encoding="utf-8"))
    answers["cookiecutter"] |= {"milestone": "rga", "milstone": "platform", "project_slug": "again"}
    replay = tmp_path / "replay.json"
    replay.write_text(json.dumps(answers), encoding="utf-8")
    result = bake(template, tmp_path / "out", {}, "--replay-file", str(replay))
    assert "milestone 'rga' does not exist" in result.output
    assert list(result.folder.iterdir()) == []


@pytest.mark.parametrize("options", [["--no-input"], ["--no-input", "--overwrite-if-exists"]])
def test_a_refused_bake_over_a_project_changes_nothing(attempt: Attempt, options: list[str]) -> None:
    first = attempt(project_slug="acme")
    before = files_below(first.folder)
    answers = {"project_slug": "acme", "project_name": "Other"}
    if "--overwrite-if-exists" in options:
        answers["milestone"] = "rga"
    second = attempt(*options, **answers)
    assert second.returncode != 0
    assert files_below(second.folder) == before


def test_the_project_starts_with_secrets_of_its_own_for_its_owners_eyes(baked: Bakery) -> None:
    env, other = baked() / ".env", baked(project_slug="other") / ".env"
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    assert "change-me" not in env.read_text(encoding="utf-8")
    assert env.read_text(encoding="utf-8") != other.read_text(encoding="utf-8")


def test_overwriting_a_project_keeps_its_secrets(attempt: Attempt) -> None:
    folder = attempt(project_slug="acme").folder / "acme"
    secrets = (folder / ".env").read_text(encoding="utf-8")
    assert attempt("--no-input", "--overwrite-if-exists", project_slug="acme").returncode == 0
    assert (folder / ".env").read_text(encoding="utf-8") == secrets


@pytest.mark.parametrize("junk", [".venv/lib/link", "libs/servicekit/__pycache__/x.pyc", "var/x.db", ".env"])
def test_a_polluted_template_is_refused_before_anything_is_written(
    own_template: Path, tmp_path: Path, junk: str
) -> None:
    path = own_template / PROJECT / junk
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x00 {% broken")
    result = bake(own_template, tmp_path / "out", {})
    assert result.returncode != 0
    assert "Not generated: the template holds '" in result.output
    assert list(result.folder.iterdir()) == []


@pytest.mark.parametrize("relative", [True, False])
def test_pollution_is_seen_however_the_template_is_named(own_template: Path, tmp_path: Path, relative: bool) -> None:
    (own_template / PROJECT / "var").mkdir()
    template = Path("..", own_template.name) if relative else own_template
    result = bake(template, tmp_path / "out", {})
    assert "the template holds 'var'" in result.output


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("project_name", "Harbour Forecasts"),
        ("project_slug", "harbour"),
        ("author_name", "Ada Example"),
        ("milestone", "prediction"),
        ("components", "prediction,delivery"),
    ],
)
def test_every_question_has_an_effect(baked: Bakery, question: str, answer: str) -> None:
    default, changed = baked(), baked(**{question: answer})
    without_secrets = [
        {name: content for name, content in files_below(project).items() if name != ".env"}
        for project in (default, changed)
    ]
    assert without_secrets[0] != without_secrets[1]


def test_make_new_asks_in_words_and_its_defaults_follow_the_answers(template: Path, tmp_path: Path) -> None:
    typed = "Harbour Forecasts\n\n\nprediction\n\n"
    environment = Path(sys.executable).parent.parent
    command = ["make", "new", f"OUT={tmp_path}", f"VENV={environment}", "-o", f"{environment}/.generate-ready"]
    done = run(command, template, typed, HOME=str(tmp_path))
    assert done.returncode == 0, done.output
    asked = " ".join(done.output.split())
    for words in json.loads((template / "cookiecutter.json").read_text(encoding="utf-8"))["__prompts__"].values():
        assert words.split(" (")[0] in asked
    project = tmp_path / "harbour-forecasts"
    assert f"cd {project}" in done.output
    missing = set(COMPONENTS) - set(MILESTONES["prediction"])
    assert not any((project / path).exists() for component in missing for path in COMPONENTS[component])


def test_at_most_seven_questions(template: Path) -> None:
    config = json.loads((template / "cookiecutter.json").read_text(encoding="utf-8"))
    assert len([question for question in config if not question.startswith("_")]) <= 7


def test_a_project_is_no_git_repository_until_its_owner_makes_it_one(baked: Bakery) -> None:
    assert shutil.which("git")
    assert not (baked() / ".git").exists()
