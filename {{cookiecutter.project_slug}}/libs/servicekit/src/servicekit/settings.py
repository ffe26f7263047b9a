"""What an operator may set, read once at start from the environment, `.env` and secret files.

A nested field is named with two underscores: `HTTP__PORT=8001` sets `settings.http.port`. Every field may also come
from a file, as Docker and Kubernetes hand out secrets: `DATABASE__URL_FILE=/run/secrets/database-url`.
A service subclasses `ServiceSettings`, sets `service_name` and adds its own groups.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from servicekit.settings_files import read_secret_files

S = TypeVar("S", bound="ServiceSettings")

EXIT_CONFIGURATION = 78
"""EX_CONFIG of sysexits.h."""
PLACEHOLDERS = ("change-me", "dev-")


class Group(BaseModel):
    """A group of settings. An unknown name is refused: a misspelt variable must not be ignored silently."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _split_commas(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


class HttpSettings(Group):
    """How the service listens and what it accepts from clients."""

    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 in a container")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on")
    max_body_bytes: int = Field(1024 * 1024, gt=0, description="Largest request body; a route may state its own")
    max_header_bytes: int = Field(16 * 1024, gt=0, description="Largest request head, names and values together")
    request_timeout_seconds: float = Field(30, gt=0, description="Longest wait for a response to start")
    max_concurrency: int = Field(256, gt=0, description="Requests in work at once; more are answered 503")
    cors_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_commas)] = Field(
        (), description="Origins that browsers may call from, separated by commas"
    )
    drain_seconds: float = Field(
        5, ge=0, description="After SIGTERM: how long /readyz says 503 while requests are taken"
    )
    shutdown_seconds: int = Field(20, ge=0, description="After draining: how long open requests may take to end")
    forwarded_allow_ips: str = Field("127.0.0.1", description="Proxies whose X-Forwarded-* headers are believed")
    docs: bool | None = Field(
        None, description="Serve /docs and /openapi.json; unset means everywhere but in production"
    )


class LogSettings(Group):
    """What is logged and how it looks."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severity that is logged")
    format: Literal["json", "console"] = Field("json", description="For programs or for eyes")


class AuthSettings(Group):
    """Who may call. API keys live in the database; bearer tokens are checked when an issuer is set."""

    development_key: SecretStr | None = Field(None, description="A key with all scopes; development and test only")
    jwt_issuer: str | None = Field(None, description="Whose tokens are accepted; unset means none are")
    jwt_audience: str | None = Field(None, description="What tokens must be made for")
    jwks_url: str | None = Field(None, description="Where the issuer publishes its public keys")
    jwt_algorithms: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_commas)] = Field(
        ("RS256", "ES256", "EdDSA"), description="Accepted signatures, separated by commas; asymmetric only"
    )
    jwt_tenant_claim: str = Field("tenant", description="The claim that names the tenant")
    jwt_scope_claim: str = Field("scope", description="The claim with the scopes: a list, or a text with spaces")
    key_cache_seconds: float = Field(
        30, ge=0, description="How long a checked credential is believed without a look-up"
    )

    @model_validator(mode="after")
    def _jwt_is_all_or_nothing(self) -> Self:
        given = (self.jwt_issuer, self.jwt_audience, self.jwks_url)
        if any(given) and not all(given):
            raise ValueError("jwt_issuer, jwt_audience and jwks_url are set together or not at all")
        symmetric = [name for name in self.jwt_algorithms if name.upper().startswith("HS") or name.lower() == "none"]
        if symmetric:
            raise ValueError(f"jwt_algorithms must be asymmetric, not {', '.join(symmetric)}")
        return self


class LimitSettings(Group):
    """How often a tenant may call."""

    default: str = Field(
        "6000/minute",
        pattern=r"^\d+\s*/\s*(second|minute|hour|day)$",
        description="Calls of one tenant on all routes without a limit of their own",
    )
    on_redis_failure: Literal["local", "refuse"] = Field(
        "local", description="Without Redis: count in this process alone, or answer 503"
    )


class DatabaseSettings(Group):
    """Where domain data and jobs are kept."""

    url: SecretStr | None = Field(None, description="postgresql+asyncpg://…; unset means a SQLite file in data_dir")
    pool_size: int = Field(10, gt=0, description="Connections that one process keeps to PostgreSQL")


class StorageSettings(Group):
    """Where large files are kept."""

    url: str = Field("", description="s3://bucket/prefix or gs://bucket/prefix; empty means data_dir/storage")
    endpoint: str | None = Field(
        None, description="Address of an S3- or GCS-compatible server; unset means the cloud's"
    )
    region: str | None = Field(None, description="Region of an S3 bucket; unset means that of the environment")
    access_key_id: SecretStr | None = Field(None, description="Unset means the credentials of the environment")
    secret_access_key: SecretStr | None = Field(None, description="Belongs to access_key_id; for gs:// a bearer token")
    service_account_file: Path | None = Field(None, description="Google service account; unset means the environment's")


class JobSettings(Group):
    """How background work is carried and supervised."""

    broker_url: SecretStr = Field(SecretStr("memory://"), description="memory:// runs the worker in the API's process")
    concurrency: int = Field(2, gt=0, description="Jobs that one worker runs at once")
    lease_seconds: float = Field(60, gt=0, description="A worker that is silent for so long has lost its job")
    sweep_seconds: float = Field(15, gt=0, description="How often lost jobs and messages are looked for")
    tick_seconds: float = Field(1, gt=0, description="How often delayed and scheduled jobs are looked for")
    stop_seconds: float = Field(20, ge=0, description="After SIGTERM: how long running jobs may take to end")
    retention_days: float = Field(30, gt=0, description="How long a finished job can be looked up")
    metrics_port: int | None = Field(
        None, description="Where a worker or beat process serves /metrics; unset means not"
    )


class IdempotencySettings(Group):
    """How long the answer to a request with an Idempotency-Key is kept."""

    expiry_hours: float = Field(24, gt=0, description="How long an answer can be asked for again")
    lock_seconds: float = Field(60, gt=0, description="After a crash in mid-request: when the key may be used again")


class TelemetrySettings(Group):
    """Where traces and errors are sent. Nothing is sent unless an address is set."""

    otlp_endpoint: str | None = Field(None, description="Base address of an OTLP/HTTP collector")
    sample_ratio: float = Field(0.1, ge=0, le=1, description="Share of requests that are traced")
    sentry_dsn: SecretStr | None = Field(None, description="Where unexpected errors are reported, scrubbed")


class ServiceSettings(BaseSettings):
    """The settings every service has."""

    model_config = SettingsConfigDict(
        env_nested_delimiter="__", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    service_name: ClassVar[str] = "service"
    required_in_production: ClassVar[tuple[str, ...]] = ("DATABASE__URL", "REDIS_URL")

    environment: Literal["development", "test", "staging", "production"] = Field(
        "development", description="staging and production refuse unsafe settings at start"
    )
    data_dir: Path = Field(Path("var"), description="Where embedded parts keep their files")
    redis_url: SecretStr | None = Field(None, description="Shared rate limits; unset means each process counts alone")
    http: HttpSettings = HttpSettings()
    log: LogSettings = LogSettings()
    auth: AuthSettings = AuthSettings()
    limits: LimitSettings = LimitSettings()
    database: DatabaseSettings = DatabaseSettings()
    storage: StorageSettings = StorageSettings()
    jobs: JobSettings = JobSettings()
    idempotency: IdempotencySettings = IdempotencySettings()
    telemetry: TelemetrySettings = TelemetrySettings()

    @property
    def deployed(self) -> bool:
        """Whether real users may depend on this process."""
        return self.environment in ("staging", "production")

    @property
    def docs_enabled(self) -> bool:
        """Whether the OpenAPI document and its pages are served."""
        return self.environment != "production" if self.http.docs is None else self.http.docs

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic passes all of them by name
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - `read_secret_files` is used instead
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let both the environment and `.env` name secret files, and give the environment the last word.

        A variable with the bare name of a group (`LOG`, `CACHE`) is some other program's.
        """
        defaults = cls.model_construct()
        known = {name.lower() for name, _ in walk_settings(defaults)}
        groups = {name for name in cls.model_fields if isinstance(getattr(defaults, name), Group)}
        for source in (env_settings, dotenv_settings):
            if isinstance(source, EnvSettingsSource):  # `.env` is read by a subclass
                variables = read_secret_files(source.env_vars, known)
                source.env_vars = {name: value for name, value in variables.items() if name.lower() not in groups}
        return init_settings, env_settings, dotenv_settings

    @model_validator(mode="after")
    def _refuse_unsafe_deployment(self) -> Self:
        if self.deployed:
            problems = list(self._unsafe())
            if problems:
                raise ValueError(f"not allowed in {self.environment}: {'; '.join(problems)}")
        return self

    def _unsafe(self) -> Iterator[str]:
        values = dict(walk_settings(self))
        for name in self.required_in_production:
            if values.get(name) is None:
                yield f"{name} is missing"
        for name, value in values.items():
            if isinstance(value, SecretStr) and any(mark in value.get_secret_value() for mark in PLACEHOLDERS):
                yield f"{name} is a placeholder"
        if self.auth.development_key is not None:
            yield "AUTH__DEVELOPMENT_KEY is set"
        if "*" in self.http.cors_origins:
            yield "HTTP__CORS_ORIGINS is *"
        if self.log.level == "debug":
            yield "LOG__LEVEL is debug"


def walk_settings(group: BaseModel, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield the environment name and the value of every single setting."""
    for name in type(group).model_fields:
        value = getattr(group, name)
        if isinstance(value, Group):
            yield from walk_settings(value, f"{prefix}{name.upper()}__")
        else:
            yield f"{prefix}{name.upper()}", value


def load_settings(cls: type[S]) -> S:
    """Read the settings, or name what is wrong in one line and leave with the status for a bad configuration (78)."""
    try:
        return cls()
    except ValueError as error:
        reasons = map(_explain, error.errors()) if isinstance(error, ValidationError) else [str(error)]
        print(f"Settings refused: {'; '.join(reasons)}", file=sys.stderr)  # noqa: T201 - there is no log yet
        raise SystemExit(EXIT_CONFIGURATION) from None


def _explain(error: ErrorDetails) -> str:
    name = "__".join(str(part).upper() for part in error["loc"])
    message = error["msg"].removeprefix("Value error, ")
    return f"{name}: {message}" if name else message
