"""Refuse a wrong answer, or a template tree that is not clean, before a single file is written."""

import json
import keyword
import os
import re
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

# `tojson` escapes the single quote, so no answer can end this literal and become code.
ANSWERS = r'{{ cookiecutter | tojson }}'  # fmt: skip

QUESTIONS = {"project_name", "project_slug", "author_name", "milestone", "components"}
SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST_SLUG = 40  # leaves room for suffixes in names of containers, volumes and hosts (63 characters)
LONGEST_NAME = 80
RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
CACHES = {".cache", ".mypy_cache", ".pytest_cache", ".ruff_cache", "__pycache__"}
JUNK = {".env", ".venv", "node_modules", "var", "venv"} | CACHES


def name_problem(question: str, value: str) -> str | None:
    """Names are written into Markdown, YAML and a licence: letters of any script are fine, syntax is not."""
    if not 1 <= len(value) <= LONGEST_NAME:
        return f"{question} must have 1 to {LONGEST_NAME} characters, and {value[:LONGEST_NAME]!r} has {len(value)}."
    plain = all(unicodedata.category(c)[0] in "LMN" or c in " .,'&()+-" for c in value)
    if not plain or not value[0].isalnum() or value[-1] == " ":
        allowed = "letters, digits, spaces and . , ' & ( ) + -, starting with a letter or digit"
        return f"{question} {value!r} is not allowed: use {allowed}."
    return None


def slug_problem(value: str, taken: set[str]) -> str | None:
    """The slug names a folder, a Compose project and its containers."""
    if len(value) > LONGEST_SLUG or not SLUG.fullmatch(value):
        rule = f"at most {LONGEST_SLUG} lower-case letters, digits and single hyphens, starting with a letter"
        return f"project_slug {value[:LONGEST_NAME]!r} is not allowed: use {rule}."
    if keyword.iskeyword(value) or value in RESERVED | taken:
        return f"project_slug {value!r} is a reserved word: choose another name."
    return None


def answer_problems(answers: dict[str, Any]) -> Iterator[str]:
    """Yield one sentence for each answer that cannot be used."""
    milestones, components = answers["_milestones"], answers["_components"]
    for question in ("project_name", "author_name"):
        if problem := name_problem(question, str(answers[question])):
            yield problem
    if problem := slug_problem(str(answers["project_slug"]), {"servicekit", *components}):
        yield problem
    if answers["milestone"] not in milestones:
        yield f"milestone {answers['milestone']!r} does not exist: choose one of {', '.join(milestones)}."
        return  # the default list of components follows from the milestone
    for name in map(str.strip, str(answers["components"]).split(",")):
        if answers["components"] and name not in components:
            yield f"component {name!r} does not exist: choose from {', '.join(components)}."
    for key in sorted(key for key in answers if not key.startswith("_") and key not in QUESTIONS):
        yield f"question {key!r} does not exist: the questions are {', '.join(sorted(QUESTIONS))}."


def template_folder(repository: str) -> Path | None:
    """Find the template on disk: cookiecutter works in its repository and may give only a relative path to it."""
    places = (Path(f"/proc/{os.getppid()}/cwd"), Path(os.environ.get("PWD", "."), repository))
    return next((found for place in places for found in place.glob("*cookiecutter.project_slug*")), None)


def pollution(template: Path | None) -> Iterator[str]:
    """Name the first environment, cache, secret or run-time data in the template: it would be copied along."""
    for folder, folders, files in os.walk(template) if template else ():
        for name in sorted(JUNK.intersection(folders + files)):
            found = str(Path(folder, name).relative_to(str(template)))
            yield f"the template holds {found!r}, which no project may start with: remove it and generate again."
            return


def remove_parents(project: Path, output: Path) -> None:
    """Remove the folders that a slug with separators made; cookiecutter itself removes only the last one."""
    made = [parent for parent in project.parents if parent != output and parent.is_relative_to(output)]
    with suppress(OSError):  # one that is not empty was there before
        for folder in [project, *made] if made else []:
            folder.rmdir()


def main(answers: dict[str, Any], project: Path) -> int:
    """Say what is wrong with the answers or the template; the exit code stops cookiecutter."""
    problems = [*answer_problems(answers), *pollution(template_folder(answers.get("_repo_dir", ".")))]
    for problem in problems:
        sys.stderr.write(f"Not generated: {problem}\n")
    if problems and "/" in str(answers["project_slug"]):
        remove_parents(project, Path(answers.get("_output_dir", project)))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(json.loads(ANSWERS), Path.cwd()))
