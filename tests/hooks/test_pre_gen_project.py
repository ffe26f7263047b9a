"""The questions' rules, as functions."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from bakery import CONFIG, PROJECT, REPOSITORY


@pytest.fixture
def answers() -> dict[str, Any]:
    return {
        **{key: value for key, value in CONFIG.items() if key.startswith("_")},
        "project_name": "Acme Forecasts",
        "project_slug": "acme-forecasts",
        "author_name": "Zoë O'Brien",
        "milestone": "platform",
        "components": "prediction, observability",
    }


def test_accepts_good_answers(pre_gen: ModuleType, answers: dict[str, Any]) -> None:
    assert list(pre_gen.answer_problems(answers)) == []


@pytest.mark.parametrize(
    "name", ["X", "Größe & Söhne (Wien), Ltd.", "日本の予測", "हिन्दी नाम", "a" * 80, "3rd Platform"]
)
def test_accepts_names_of_any_script(pre_gen: ModuleType, name: str) -> None:
    assert pre_gen.name_problem("project_name", name) is None


@pytest.mark.parametrize(
    "name",
    ["", " ", " x", "x ", "a" * 81, 'a"b', "a`b", "a$b", "a{b", "a\nb", "a\tb", "a\\b", "a/b", "a<b", "a|b", "a#b",
     "a:b", "a*b", "[a](b)", "-a", "'a", "a\u202eb", "a\u200bb", "a;b", "😀", "a%b", "a_b", "a=b", "!a", "a@b"],
)  # fmt: skip
def test_refuses_names_that_hold_syntax(pre_gen: ModuleType, name: str) -> None:
    problem = pre_gen.name_problem("author_name", name)
    assert problem
    assert problem.startswith("author_name")
    assert "\n" not in problem


@pytest.mark.parametrize("slug", ["a", "acme", "acme-2-x", "a" * 40])
def test_accepts_plain_slugs(pre_gen: ModuleType, slug: str) -> None:
    assert pre_gen.slug_problem(slug, set()) is None


@pytest.mark.parametrize(
    "slug",
    ["", "2acme", "-acme", "acme-", "a--b", "Acme", "a_b", "a b", ".", "..", "../a", "/tmp/a", "a/b", "~", "a\n",
     "a;b", "$(a)", "`a`", "a" * 41, "a" * 200, "größe", "\u0430cme",
     "a\u0000b", "a.b", "a\\b", "*", "con", "nul", "com1", "class"],
)  # fmt: skip
def test_refuses_slugs_that_are_no_plain_folder_name(pre_gen: ModuleType, slug: str) -> None:
    problem = pre_gen.slug_problem(slug, set())
    assert problem
    assert len(problem.splitlines()) == 1


@pytest.mark.parametrize("slug", ["servicekit", "prediction"])
def test_refuses_a_slug_that_is_a_package_of_the_project(
    pre_gen: ModuleType, answers: dict[str, Any], slug: str
) -> None:
    (problem,) = pre_gen.answer_problems({**answers, "project_slug": slug})
    assert "reserved" in problem


def test_names_the_unknown_milestone_and_the_known_ones(pre_gen: ModuleType, answers: dict[str, Any]) -> None:
    (problem,) = pre_gen.answer_problems({**answers, "milestone": "rga", "components": ""})
    assert "'rga'" in problem
    assert all(milestone in problem for milestone in CONFIG["_milestones"])


@pytest.mark.parametrize(
    ("components", "wrong"),
    [("prediction,observabilty", "observabilty"), ("prediction observability", "prediction observability"),
     ("a,,b", ""), ("prediction,", ""), ("Prediction", "Prediction"), ("../x", "../x")],
)  # fmt: skip
def test_names_the_unknown_component_and_the_known_ones(
    pre_gen: ModuleType, answers: dict[str, Any], components: str, wrong: str
) -> None:
    problems = list(pre_gen.answer_problems({**answers, "components": components}))
    assert any(repr(wrong) in problem for problem in problems)
    assert all(component in problems[0] for component in CONFIG["_components"])


def test_a_project_without_components_is_allowed(pre_gen: ModuleType, answers: dict[str, Any]) -> None:
    assert list(pre_gen.answer_problems({**answers, "components": ""})) == []


def test_names_a_question_that_does_not_exist(pre_gen: ModuleType, answers: dict[str, Any]) -> None:
    (problem,) = pre_gen.answer_problems({**answers, "milstone": "platform"})
    assert "'milstone'" in problem


@pytest.mark.parametrize("junk", [".venv", "services/x/__pycache__", "node_modules", "var", ".env", "libs/.mypy_cache"])
def test_names_what_pollutes_the_template(pre_gen: ModuleType, tmp_path: Path, junk: str) -> None:
    (tmp_path / junk).mkdir(parents=True)
    (sentence,) = pre_gen.pollution(tmp_path)
    assert repr(junk) in sentence


def test_a_clean_template_is_no_pollution(pre_gen: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "services").mkdir()
    (tmp_path / ".env.example").touch()
    assert not list(pre_gen.pollution(tmp_path))


def test_nothing_lies_in_this_working_tree_that_a_project_would_inherit(pre_gen: ModuleType) -> None:
    assert list(pre_gen.pollution(REPOSITORY / PROJECT)) == []


def test_removes_only_the_empty_folders_that_a_path_made(pre_gen: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "a/b/c").mkdir(parents=True)
    (tmp_path / "a/kept").touch()
    pre_gen.remove_parents(tmp_path / "a/b/c", tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "kept"]


@pytest.mark.parametrize("hook", ["pre_gen_project.py", "post_gen_project.py"])
def test_hooks_stay_small_and_offline(hook: str) -> None:
    source = (REPOSITORY / "hooks" / hook).read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 100
    assert not {"socket", "urllib", "http", "ssl"}.intersection(source.split())
