"""Services meet over HTTP or the queue, never by import; what they share knows none of them."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def packages(kind: str) -> dict[str, Path]:
    return {path.parent.name: path.parent for path in sorted(ROOT.glob(f"{kind}/*/src/*/__init__.py"))}


def imported(package: Path) -> Iterator[tuple[str, str]]:
    """Yield (file, top-level name of what it imports)."""
    for path in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            yield from ((str(path.relative_to(ROOT)), name.partition(".")[0]) for name in names)


@pytest.mark.parametrize("library", packages("libs"))
def test_a_library_imports_no_service(library: str) -> None:
    found = [(file, name) for file, name in imported(packages("libs")[library]) if name in packages("services")]
    assert found == []


@pytest.mark.parametrize("service", packages("services"))
def test_a_service_imports_no_other_service(service: str) -> None:
    others = packages("services").keys() - {service}
    found = [(file, name) for file, name in imported(packages("services")[service]) if name in others]
    assert found == []
