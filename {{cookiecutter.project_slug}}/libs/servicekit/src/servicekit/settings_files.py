"""Secrets handed over as files: `NAME_FILE=/path` sets `NAME` to the content of that file."""

from collections.abc import Collection, Mapping
from pathlib import Path

SUFFIX = "_file"


def read_secret_files(variables: Mapping[str, str | None], known: Collection[str]) -> dict[str, str | None]:
    """Replace each `name_file` of a known setting by `name` with the file's content.

    A variable that is set itself wins over its file.

    Raises:
        ValueError: a file cannot be read.
    """
    resolved = dict(variables)
    for name in variables:
        setting = name.lower().removesuffix(SUFFIX)
        if name.lower().endswith(SUFFIX) and setting in known and name.lower() not in known:
            content = _read(name, resolved.pop(name) or "")
            resolved.setdefault(setting, content)
    return resolved


def _read(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ValueError(f"{name.upper()} names a file that cannot be read: {error.strerror}") from None
