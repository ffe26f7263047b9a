"""Every setting of the user interface. An environment variable is `GROUP__FIELD`.

The names and defaults that all services share are the same as theirs. Each service that has pages here brings two more
variables: `NAME_URL` and `NAME_KEY` (see `ServiceSettings`). All may be read from files: `NAME_FILE=/path`.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

S = TypeVar("S", bound="FileSettings")

EXIT_CONFIGURATION = 78
"""EX_CONFIG of sysexits.h."""
PLACEHOLDERS = ("change-me", "dev-")
SUFFIX = "_file"


class Group(BaseModel):
    """A group of settings. An unknown name is refused: a misspelt variable must not be ignored silently."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class HttpSettings(BaseModel):
    """Where the pages are served. The services' other variables of this group mean nothing here and are passed over."""

    model_config = ConfigDict(frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 in a container")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on")


class AuthSettings(BaseModel):
    """The key that is used when a service has none of its own."""

    model_config = ConfigDict(frozen=True)

    development_key: SecretStr | None = Field(None, description="A key with all scopes; development and test only")


class UiSettings(Group):
    """How the pages behave."""

    title: str = Field("AI platform", min_length=1, max_length=60, description="Shown in the browser's tab and on top")
    timeout_seconds: float = Field(30, gt=0, description="Longest wait for a service's answer")
    stream_seconds: float = Field(120, gt=0, description="Longest silence in an answer that is being written")
    poll_seconds: float = Field(1, gt=0, description="Pause between two looks at work that goes on")


class FileSettings(BaseSettings):
    """Settings from the environment and `.env`, each of which may name a file that holds the value."""

    model_config = SettingsConfigDict(
        env_nested_delimiter="__", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic passes all of them by name
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - `NAME_FILE` is used instead
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let both the environment and `.env` name files, and give the environment the last word."""
        for source in (env_settings, dotenv_settings):
            if isinstance(source, EnvSettingsSource):  # `.env` is read by a subclass
                known = {f"{source.env_prefix}{name}".lower() for name in _names(cls)}
                source.env_vars = _read_files(source.env_vars, known)
        return init_settings, env_settings, dotenv_settings


class InterfaceSettings(FileSettings):
    """The settings of the process that serves the pages."""

    environment: Literal["development", "test", "staging", "production"] = Field(
        "development", description="staging and production refuse unsafe settings at start"
    )
    http: HttpSettings = HttpSettings()
    auth: AuthSettings = AuthSettings()
    ui: UiSettings = UiSettings()

    @model_validator(mode="after")
    def _refuse_unsafe_deployment(self) -> Self:
        if self.environment in ("staging", "production") and self.auth.development_key is not None:
            raise ValueError(f"not allowed in {self.environment}: AUTH__DEVELOPMENT_KEY is set")
        return self


class ServiceSettings(FileSettings):
    """Where one service is and which key opens it; the prefix of the variables is the service's name."""

    url: str | None = Field(None, pattern=r"^https?://\S+$", description="Unset: the service's port on this machine")
    key: SecretStr | None = Field(None, description="Unset: the development key")

    @classmethod
    def of(cls, name: str) -> Self:
        """Read `NAME_URL` and `NAME_KEY`."""
        return cls(_env_prefix=f"{name.upper()}_")

    @model_validator(mode="after")
    def _refuse_placeholder(self) -> Self:
        if self.key and any(mark in self.key.get_secret_value() for mark in PLACEHOLDERS):
            raise ValueError("the key is a placeholder")
        return self


def load_settings() -> InterfaceSettings:
    """Read the settings, or name what is wrong in one line and leave with the status for a bad configuration (78)."""
    try:
        return InterfaceSettings()
    except ValueError as error:
        print(f"Settings refused: {'; '.join(_explain(error))}", file=sys.stderr)  # noqa: T201 - there is no log yet
        raise SystemExit(EXIT_CONFIGURATION) from None


def _explain(error: ValueError) -> Iterator[str]:
    if not isinstance(error, ValidationError):
        yield str(error)
        return
    for one in error.errors():
        name = "__".join(str(part).upper() for part in one["loc"])
        yield ": ".join(filter(None, (name, one["msg"].removeprefix("Value error, "))))


def _names(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _names(field.annotation, f"{prefix}{name}__")
        else:
            yield f"{prefix}{name}"


def _read_files(variables: Mapping[str, str | None], known: set[str]) -> dict[str, str | None]:
    """Replace each `name_file` of a known setting by the file's content; a variable that is set itself wins."""
    resolved = dict(variables)
    for name, path in variables.items():
        setting = name.lower().removesuffix(SUFFIX)
        if name.lower().endswith(SUFFIX) and setting in known and path:
            try:
                resolved.setdefault(setting, Path(path).read_text(encoding="utf-8").strip())
            except OSError as error:
                raise ValueError(f"{name.upper()} names a file that cannot be read: {error.strerror}") from None
    return resolved
