"""What happens to a freshly written project."""

from pathlib import Path
from types import ModuleType

import pytest


def write(project: Path, *names: str) -> None:
    for name in names:
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("x", encoding="utf-8")


def names(project: Path) -> list[str]:
    return sorted(str(path.relative_to(project)) for path in project.rglob("*"))


def test_deletes_what_other_components_own_and_nothing_else(post_gen: ModuleType, tmp_path: Path) -> None:
    write(tmp_path, "services/a/x.py", "services/b/x.py", "infra/b.yaml", "libs/kit.py")
    components = {"a": ["services/a"], "b": ["services/b", "infra/b.yaml"]}
    post_gen.delete_others(tmp_path, components, {"a"})
    assert names(tmp_path) == ["libs", "libs/kit.py", "services", "services/a", "services/a/x.py"]


def test_deleting_twice_is_no_error(post_gen: ModuleType, tmp_path: Path) -> None:
    write(tmp_path, "services/a/x.py", "libs/kit.py")
    for _ in range(2):
        post_gen.delete_others(tmp_path, {"a": ["services/a", "a.md"]}, set())
    assert names(tmp_path) == ["libs", "libs/kit.py"]


@pytest.mark.parametrize(
    ("folder", "command"),
    [("/home/me", "cd acme\n"), ("/elsewhere", "cd /home/me/acme\n"), ("", "cd /home/me/acme\n")],
)
def test_the_farewell_changes_into_the_project_from_where_the_user_is(
    post_gen: ModuleType, folder: str, command: str
) -> None:
    text = post_gen.farewell(Path("/home/me/acme"), folder, [])
    assert command in text
    assert "Left out" not in text


def test_the_farewell_quotes_folders_with_spaces(post_gen: ModuleType) -> None:
    assert "cd '/my work/acme'" in post_gen.farewell(Path("/my work/acme"), "/", [])


def test_the_farewell_tells_what_is_missing_from_the_milestone(post_gen: ModuleType) -> None:
    assert "Left out of the milestone: a, b." in post_gen.farewell(Path("/p"), "/", ["a", "b"])


@pytest.mark.parametrize(("folder", "command"), [("services/a", "make dev"), ("libs/a", "make check")])
def test_the_farewell_ends_with_what_there_is_to_run(
    post_gen: ModuleType, tmp_path: Path, folder: str, command: str
) -> None:
    (tmp_path / folder).mkdir(parents=True)
    assert post_gen.farewell(tmp_path, "/", []).splitlines()[-1].startswith(f"  {command} ")
