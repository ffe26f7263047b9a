"""What the scripts know of this project: its services, its `.env`, and what to print when everything runs."""

import re
import secrets
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os import O_CREAT, O_EXCL, O_WRONLY, environ, fdopen
from os import open as os_open
from pathlib import Path

PLACEHOLDER = re.compile(r"change-me[a-z-]*")
DOCS = "/docs"  # where an API explains itself


@dataclass(frozen=True, slots=True)
class Service:
    """A service as its own pyproject.toml describes it in [tool.dev]."""

    name: str
    port: int
    prepare: tuple[str, ...]  # subcommands of `python -m NAME` that must succeed before it starts
    command: str  # the subcommand that serves
    example: str  # a command to try, with {url} and {key}
    page: str = DOCS  # what to open in a browser

    @property
    def url(self) -> str:
        """Where it listens on this machine."""
        return f"http://127.0.0.1:{self.port}"


def discover(root: Path) -> list[Service]:
    """Return the services that are present. `NAME_PORT`, in the environment or `.env`, moves one to another port."""
    variables = settings(root)
    found = []
    for path in sorted(root.glob("services/*/pyproject.toml")):
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("dev")
        if table:
            name = path.parent.name
            port = int(variables.get(f"{name.upper()}_PORT") or table["port"])
            example, page = table["example"].strip(), table.get("page", DOCS)
            found.append(Service(name, port, tuple(table["prepare"]), table["command"], example, page))
    return found


def settings(root: Path) -> Mapping[str, str]:
    """Return the variables of `.env`, overridden by those of the environment."""
    path = root / ".env"
    return {**(read_variables(path) if path.exists() else {}), **environ}


def read_variables(path: Path) -> dict[str, str]:
    """Read NAME=value lines."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip().strip("'\"") for name, _, value in pairs}


def write_dotenv(root: Path) -> bool:
    """Make `.env` from its example with random secrets, readable by its owner alone. An existing one is kept."""
    made: dict[str, str] = {}
    example = (root / ".env.example").read_text(encoding="utf-8")
    text = PLACEHOLDER.sub(lambda found: made.setdefault(found[0], secrets.token_hex(24)), example)
    try:
        handle = os_open(root / ".env", O_WRONLY | O_CREAT | O_EXCL, 0o600)
    except FileExistsError:
        return False
    with fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return True


def banner(services: list[Service], key: str) -> Iterator[str]:
    """Yield the lines that say what runs where, and a first command for each service."""
    for service in services:
        yield f"  {service.name:12} {service.url}{service.page}"
    for service in services:
        yield f"\nTry {service.name}:\n\n{service.example.format(url=service.url, key=key)}"
