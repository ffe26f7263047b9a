"""`.env.example` is the reference of all settings: it must be complete, and what it says must be true."""

import importlib
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr
from pydantic_settings import BaseSettings

from servicekit.settings import ServiceSettings

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
LINE = re.compile(r"^(#?)([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)
SHOWN = {name: value for _, name, value in LINE.findall(EXAMPLE)}
ACTIVE = {name for mark, name, _ in LINE.findall(EXAMPLE) if not mark}


def settings_classes() -> Iterator[type[ServiceSettings]]:
    """Yield the settings of each service. A service may do without the common ones: then it repeats what it shares."""
    yield ServiceSettings
    for path in sorted(ROOT.glob("services/*/src/*/settings.py")):
        module = importlib.import_module(f"{path.parent.name}.settings")
        yield from (
            value
            for value in vars(module).values()
            if isinstance(value, type)
            and issubclass(value, BaseSettings)
            and value is not ServiceSettings
            and "environment" in value.model_fields
        )


def defaults(group: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, field in group.model_fields.items():
        variable = f"{prefix}{name.upper()}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from defaults(field.annotation, f"{variable}__")
        else:
            yield variable, field.get_default(call_default_factory=True)


DEFAULTS = {name: value for cls in settings_classes() for name, value in defaults(cls)}


def spelled(value: object) -> str:
    match value:
        case None:
            return ""
        case SecretStr():
            return value.get_secret_value()
        case Enum():
            return str(value.value)
        case bool():
            return str(value).lower()
        case tuple():
            return ",".join(map(str, value))
        case dict() if not value:
            return ""
        case _:
            return str(value)


def compose_variables() -> set[str]:
    files = [ROOT / "compose.yaml", *ROOT.glob("infra/compose/*.yaml"), *ROOT.glob("services/*/compose.yaml")]
    return {name for path in files for name in re.findall(r"\$\{([A-Z0-9_]+)", path.read_text(encoding="utf-8"))}


def test_every_setting_is_listed_and_nothing_else() -> None:
    assert SHOWN.keys() == DEFAULTS.keys() | compose_variables() - {"COMPOSE_PROJECT_NAME"}


@pytest.mark.parametrize("name", sorted(DEFAULTS.keys() & SHOWN.keys() - ACTIVE))
def test_a_line_that_is_commented_out_shows_the_default(name: str) -> None:
    assert SHOWN[name] == spelled(DEFAULTS[name])


@pytest.mark.parametrize("name", sorted(DEFAULTS))
def test_every_setting_is_explained(name: str) -> None:
    assert re.search(rf"^# \S.*\n#?{name}=", EXAMPLE, re.MULTILINE)


@pytest.mark.parametrize("cls", list(settings_classes()))
@pytest.mark.parametrize("environment", ["staging", "production"])
def test_the_example_as_it_is_cannot_be_deployed(
    cls: type[BaseSettings], environment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text(EXAMPLE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ENVIRONMENT", environment)
    with pytest.raises(ValueError, match=f"not allowed in {environment}: .*AUTH__DEVELOPMENT_KEY"):
        cls()


@pytest.mark.parametrize("cls", list(settings_classes()))
def test_the_example_serves_for_development(
    cls: type[BaseSettings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text(EXAMPLE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert cls().auth.development_key == SecretStr(SHOWN["AUTH__DEVELOPMENT_KEY"])
