"""Prompt files: `<name>/<version>.md`, versions counted from 1.

    ---
    variables: [passages, question]
    ---
    # system
    Answer from the passages.
    # user
    {{ passages }}
    <question>{{ question }}</question>

What stands between double braces is a variable, and nothing else is: there are no conditions and no loops. A value is
put in as it is and never read again, whatever it holds.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeAlias, cast

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from llmkit.call import PromptRef
from llmkit.prompts.errors import PromptError

Role: TypeAlias = Literal["system", "user", "assistant"]

NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_HEAD = re.compile(r"\A---\n(?P<head>.*?)^---\n(?P<body>.*)\Z", re.DOTALL | re.MULTILINE)
_VARIABLES = re.compile(r"variables: *\[(?P<names>[^\]]*)\] *\n?")
_SECTION = re.compile(r"^# (system|user|assistant)[ \t]*\n", re.MULTILINE)
_VARIABLE = re.compile(r"\{\{ *([a-z][a-z0-9_]*) *\}\}")
_MESSAGES: Mapping[Role, type[BaseMessage]] = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}


@dataclass(frozen=True)
class Prompt:
    """One version of a prompt."""

    ref: PromptRef
    variables: tuple[str, ...]
    sections: tuple[tuple[Role, str], ...]
    """Roles and templates, in order."""

    @cached_property
    def sha256(self) -> str:
        """What tells whether two versions say the same."""
        return hashlib.sha256(repr((self.variables, self.sections)).encode()).hexdigest()

    def render(self, **variables: str) -> list[BaseMessage]:
        """Return the messages; ValueError unless exactly the declared variables are given."""
        if variables.keys() != set(self.variables):
            given, declared = ", ".join(sorted(variables)), ", ".join(sorted(self.variables))
            raise ValueError(
                f"prompt {self.ref.name} {self.ref.version} takes the variables {declared}; given: {given}"
            )
        return [
            _MESSAGES[role](content=_VARIABLE.sub(lambda found: variables[found[1]], template))
            for role, template in self.sections
        ]


def read_prompt(path: Path) -> Prompt:
    """Read a prompt file; PromptError when it is not right."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PromptError(f"{path}: cannot be read: {error}") from error
    parts = _HEAD.match(text.replace("\r\n", "\n"))
    if parts is None:
        raise PromptError(f"{path}: begins with --- , the variables, and --- again")
    variables = _declared(path, parts["head"])
    sections = _sections(path, parts["body"])
    _check_variables(path, set(variables), "\n".join(template for _, template in sections))
    return Prompt(_ref(path), variables, sections)


def _ref(path: Path) -> PromptRef:
    name, version = path.parent.name, path.stem
    if not NAME.fullmatch(name):
        raise PromptError(f"{path}: the folder is the prompt's name: small letters, digits, hyphens")
    if not re.fullmatch(r"[1-9]\d*", version):
        raise PromptError(f"{path}: the file is named by its version: 1.md, 2.md")
    return PromptRef(name, version)


def _declared(path: Path, head: str) -> tuple[str, ...]:
    found = _VARIABLES.fullmatch(head)
    if found is None:
        raise PromptError(f"{path}: between the two --- stands one line: variables: [a, b]")
    names = tuple(name.strip() for name in found["names"].split(",") if name.strip())
    for name in names:
        if not _VARIABLE.fullmatch("{{" + name + "}}"):
            raise PromptError(f"{path}: {name!r} is no name of a variable")
        if names.count(name) > 1:
            raise PromptError(f"{path}: variable {name!r} is declared twice")
    return names


def _sections(path: Path, body: str) -> tuple[tuple[Role, str], ...]:
    before, *pieces = _SECTION.split(body if body.endswith("\n") else body + "\n")
    if before.strip():
        raise PromptError(f"{path}: there is text before the first of # system, # user, # assistant")
    sections = tuple(
        (cast("Role", role), template.strip()) for role, template in zip(pieces[::2], pieces[1::2], strict=True)
    )
    if "user" not in (role for role, _ in sections):
        raise PromptError(f"{path}: there is no section # user")
    for role, template in sections:
        if not template:
            raise PromptError(f"{path}: section # {role} is empty")
    return sections


def _check_variables(path: Path, declared: set[str], text: str) -> None:
    used = set(_VARIABLE.findall(text))
    for name in sorted(used - declared):
        raise PromptError(f"{path}: variable {name!r} is used and not declared")
    for name in sorted(declared - used):
        raise PromptError(f"{path}: variable {name!r} is declared and not used")
    if "{{" in _VARIABLE.sub("", text):
        raise PromptError(f"{path}: {{{{ begins something that is no variable")
