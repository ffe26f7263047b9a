"""Reading sets of questions: JSON Lines, one case a line."""

from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails, from_json

from rag.evaluation.cases import Case

GOLDEN = Path(__file__).parent / "golden"
PROJECT = "project"


class CasesRefused(Exception):
    """A set cannot be read. The text names file, line and field."""

    def __init__(self, name: str, line: int | None, problem: str) -> None:
        super().__init__(f"{name}, line {line}: {problem}" if line else f"{name}: {problem}")
        self.line = line


def shipped_sets() -> tuple[str, ...]:
    """Return the names of the sets that come with the service."""
    return tuple(sorted(path.stem for path in GOLDEN.glob("*.jsonl")))


def read_set(name: str) -> tuple[Case, ...]:
    """Read a set that comes with the service; KeyError when there is no such set."""
    if name not in shipped_sets():
        raise KeyError(name)
    return read_file(GOLDEN / f"{name}.jsonl")


def read_file(path: Path) -> tuple[Case, ...]:
    """Read a file of cases; `CasesRefused` names the line and the field that are wrong."""
    try:
        with path.open(encoding="utf-8-sig") as lines:
            return read_cases(lines, path.name)
    except OSError as error:
        raise CasesRefused(str(path), None, error.strerror or "it cannot be read") from error
    except UnicodeDecodeError as error:
        raise CasesRefused(path.name, None, "it is not UTF-8 text") from error


def read_cases(lines: Iterable[str], name: str) -> tuple[Case, ...]:
    """Read cases; a case without an `id` is named after its line."""
    cases: dict[str, Case] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        case = _read(line, name, number)
        if case.id in cases:
            raise CasesRefused(name, number, f"field id: {case.id} is there twice")
        cases[case.id] = case
    if not cases:
        raise CasesRefused(name, None, "there are no questions in it")
    return tuple(cases.values())


def write_cases(cases: Iterable[Case]) -> str:
    """Return the cases as JSON Lines, without the fields that have their default."""
    return "".join(case.model_dump_json(exclude_defaults=True) + "\n" for case in cases)


def _read(line: str, name: str, number: int) -> Case:
    try:
        value = from_json(line)
    except ValueError as error:
        raise CasesRefused(name, number, f"it is not JSON ({error})") from error
    if isinstance(value, dict):
        value.setdefault("id", f"line-{number}")
    try:
        return Case.model_validate(value)
    except ValidationError as error:
        raise CasesRefused(name, number, _describe(error.errors()[0])) from error


def _describe(error: ErrorDetails) -> str:
    field = ".".join(str(part) for part in error["loc"])
    message = error["msg"].removeprefix("Value error, ")
    return f"field {field}: {message}" if field else message
