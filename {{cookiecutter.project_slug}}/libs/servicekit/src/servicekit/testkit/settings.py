"""Settings of one test, untouched by the environment that the test runs in."""

from pathlib import Path
from typing import TypeVar

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from servicekit.settings import ServiceSettings

S = TypeVar("S", bound=ServiceSettings)


def make_settings(cls: type[S], data_dir: Path, **overrides: object) -> S:
    """Build settings from defaults and overrides alone; `jobs__lease_seconds=1` names a setting inside a group."""
    values: dict[str, object] = {"environment": "test", "data_dir": data_dir}
    for name, value in overrides.items():
        *groups, leaf = name.split("__")
        target = values
        for group in groups:
            target = target.setdefault(group, {})  # type: ignore[assignment]  # groups are dictionaries until validated
        target[leaf] = value
    return _without_environment(cls)(**values)  # type: ignore[arg-type]  # pydantic checks the values


def _without_environment(cls: type[S]) -> type[S]:
    def only_given(
        _: type[BaseSettings], /, __: type[BaseSettings], init_settings: PydanticBaseSettingsSource, **___: object
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)

    namespace = {"settings_customise_sources": classmethod(only_given), "__module__": cls.__module__}
    return type(cls.__name__, (cls,), namespace)
