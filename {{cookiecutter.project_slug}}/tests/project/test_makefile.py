"""`make` explains itself and refuses a command that lacks a word with the right one."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = [ROOT / "Makefile", *sorted(ROOT.glob("services/*/commands.mk"))]
TEXT = "\n".join(path.read_text(encoding="utf-8") for path in FILES)
TARGETS = re.findall(r"^([a-z-]+):", TEXT, re.MULTILINE)
VERBS = (
    "setup dev up down logs ps test test-unit test-stack lint fmt typecheck check key migrate doctor lock openapi clean"
)


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    # -o: the environment that runs this test is installed already.
    command = ["make", "--no-print-directory", "-o", "setup", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_make_alone_lists_every_command_with_its_meaning() -> None:
    listed = re.findall(r"^  make ([a-z-]+) +\S.+$", make().stdout, re.MULTILINE)
    assert sorted(listed) == sorted(target for target in TARGETS if target != "help")


def test_the_usual_verbs_are_there() -> None:
    assert set(VERBS.split()) <= set(TARGETS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_commands_are_not_files(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    phony = set(re.findall(r"^\.PHONY: (.+)$", text, re.MULTILINE)[0].split())
    assert phony == set(re.findall(r"^([a-z-]+):", text, re.MULTILINE))


def test_a_missing_word_is_answered_with_the_usage() -> None:
    for target, usage in re.findall(
        r"^(\w[\w-]*): .*## .*?: ((?:[A-Z]+= ?)+)", "\n".join(map(Path.read_text, FILES)), re.M
    ):
        done = make(target)
        assert done.returncode != 0
        for word in usage.split():
            assert re.search(rf"make {target} .*{word}\S", done.stderr), f"make {target} does not explain {word}"


def test_caches_go_where_they_are_told(tmp_path: Path) -> None:
    printed = make("--dry-run", "check", "contracts", f"CACHE={tmp_path}", f"VENV={tmp_path}/venv").stdout
    assert f"{tmp_path}/pytest" in printed
    assert f"{tmp_path}/import-linter" in printed
    assert ".cache" not in printed
    assert ".venv" not in printed


@pytest.mark.parametrize("document", [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")], ids=lambda path: path.name)
def test_a_documented_command_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    named = re.findall(r"^make +([a-z-]+)|`make +([a-z-]+)", text, re.MULTILINE)
    assert {first or second for first, second in named} <= set(TARGETS)
