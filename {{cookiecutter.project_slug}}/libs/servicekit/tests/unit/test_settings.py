"""Where settings come from, and which are refused. What each one does is tested beside what it steers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel, Field, SecretStr

from servicekit.settings import Group, ServiceSettings, load_settings, walk_settings

PRODUCTION = {
    "ENVIRONMENT": "production",
    "DATABASE__URL": "postgresql+asyncpg://app:s3cret@db/app",
    "REDIS_URL": "redis://redis:6379/0",
}


class Models(Group):
    count: int = Field(1, gt=0)


class Settings(ServiceSettings):
    service_name = "sample"
    models: Models = Models()
    provider_key: SecretStr | None = None


@pytest.fixture(autouse=True)
def empty_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, _ in walk_settings(Settings.model_construct()):
        monkeypatch.delenv(name, raising=False)


def load(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return load_settings(Settings)


def refusal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], **variables: str) -> str:
    with pytest.raises(SystemExit) as exit_:
        load(monkeypatch, **variables)
    assert exit_.value.code == 78
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


def test_everything_has_a_default(monkeypatch) -> None:
    settings = load(monkeypatch)

    assert (settings.environment, settings.http.port, settings.models.count) == ("development", 8000, 1)


def test_the_environment_wins_over_the_file(monkeypatch) -> None:
    Path(".env").write_text("HTTP__PORT=1\nHTTP__HOST=0.0.0.0\nUNRELATED=1\n")

    settings = load(monkeypatch, HTTP__PORT="2", MODELS__COUNT="7")

    assert (settings.http.port, settings.http.host, settings.models.count) == (2, "0.0.0.0", 7)


def test_a_variable_with_the_name_of_a_group_is_not_ours(monkeypatch) -> None:
    settings = load(monkeypatch, MODELS="/opt/models", MODELS__COUNT="7")

    assert settings.models.count == 7


def test_secrets_come_from_files_too(monkeypatch) -> None:
    Path("secret").write_text("from-a-file\n")
    Path("key").write_text("of-env-file")
    Path(".env").write_text("PROVIDER_KEY_FILE=key\n")

    settings = load(
        monkeypatch, REDIS_URL_FILE="secret", AUTH__DEVELOPMENT_KEY_FILE="secret", AUTH__DEVELOPMENT_KEY="x"
    )

    assert settings.redis_url is not None
    assert settings.provider_key is not None
    assert settings.auth.development_key is not None
    assert settings.redis_url.get_secret_value() == "from-a-file"
    assert settings.provider_key.get_secret_value() == "of-env-file"
    assert settings.auth.development_key.get_secret_value() == "x"


def test_a_secret_file_that_is_not_there_is_named(monkeypatch, capsys) -> None:
    assert "REDIS_URL_FILE" in refusal(monkeypatch, capsys, REDIS_URL_FILE="/nowhere")
    monkeypatch.delenv("REDIS_URL_FILE")
    load(monkeypatch, OTHER_PROGRAMS_FILE="/nowhere")


def test_settings_cannot_be_changed(monkeypatch) -> None:
    settings = load(monkeypatch)

    for target, name in ((settings, "environment"), (settings.http, "port")):
        with pytest.raises(ValueError, match="frozen"):
            setattr(target, name, "x")


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"HTTP__PORT": "http"}, "HTTP__PORT: "),
        ({"HTTP__PROT": "80"}, "HTTP__PROT: "),
        ({"LIMITS__DEFAULT": "many"}, "LIMITS__DEFAULT: "),
        ({"ENVIRONMENT": "prod"}, "ENVIRONMENT: "),
        ({"LOG__LEVEL": "loud", "HTTP__PORT": "-1"}, "LOG__LEVEL: "),
        ({"MODELS__COUNT": "0"}, "MODELS__COUNT: "),
        ({"AUTH__JWT_ISSUER": "https://i"}, "AUTH: jwt_issuer, jwt_audience and jwks_url are set together"),
        ({"AUTH__JWT_ALGORITHMS": "RS256,HS256"}, "AUTH: jwt_algorithms must be asymmetric, not HS256"),
        ({"AUTH__JWT_ALGORITHMS": "none"}, "AUTH: jwt_algorithms must be asymmetric, not none"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_variable(variables, expected: str, monkeypatch, capsys) -> None:
    assert expected in refusal(monkeypatch, capsys, **variables)


def test_a_refusal_does_not_repeat_secrets(monkeypatch, capsys) -> None:
    assert "canary" not in refusal(
        monkeypatch, capsys, **PRODUCTION, AUTH__DEVELOPMENT_KEY="dev-canary", HTTP__PORT="8o"
    )


@pytest.mark.parametrize("environment", ["staging", "production"])
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"DATABASE__URL": None}, "DATABASE__URL is missing"),
        ({"REDIS_URL": None}, "REDIS_URL is missing"),
        ({"DATABASE__URL": "postgresql+asyncpg://app:change-me@db/app"}, "DATABASE__URL is a placeholder"),
        ({"PROVIDER_KEY": "dev-key"}, "PROVIDER_KEY is a placeholder"),
        ({"AUTH__DEVELOPMENT_KEY": "anything"}, "AUTH__DEVELOPMENT_KEY is set"),
        ({"HTTP__CORS_ORIGINS": "https://a.example,*"}, "HTTP__CORS_ORIGINS is *"),
        ({"LOG__LEVEL": "debug"}, "LOG__LEVEL is debug"),
    ],
)
def test_a_deployment_refuses_what_is_unsafe(environment: str, change, expected: str, monkeypatch, capsys) -> None:
    variables = {name: value for name, value in (PRODUCTION | change).items() if value is not None}

    line = refusal(monkeypatch, capsys, **(variables | {"ENVIRONMENT": environment}))

    assert f"not allowed in {environment}: {expected}" in line


@pytest.mark.parametrize("environment", ["development", "test"])
def test_a_developer_may_do_all_that(environment: str, monkeypatch) -> None:
    load(
        monkeypatch,
        ENVIRONMENT=environment,
        AUTH__DEVELOPMENT_KEY="dev-key",
        HTTP__CORS_ORIGINS="*",
        LOG__LEVEL="debug",
    )


def test_a_safe_deployment_starts(monkeypatch) -> None:
    settings = load(monkeypatch, **PRODUCTION)

    assert settings.deployed
    assert not settings.docs_enabled
    assert "s3cret" not in repr(settings)


def test_the_readme_describes_every_setting() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    table = "\n".join(rows(ServiceSettings))

    assert table in readme, f"put this table into README.md:\n{table}"


def rows(group: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """One row of the README's table per setting."""
    for name, field in group.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Group):
            yield from rows(field.annotation, f"{prefix}{name.upper()}__")
        else:
            assert field.description, f"{prefix}{name} needs a description"
            default = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
            shown = ",".join(default) if isinstance(default, tuple) else default
            default_cell = f"`{shown}`" if shown not in (None, "") else ""
            yield f"| `{prefix}{name.upper()}` | {default_cell} | {field.description} |"


def test_lists_are_separated_by_commas(monkeypatch) -> None:
    settings = load(monkeypatch, HTTP__CORS_ORIGINS=" https://a.example, https://b.example ,")

    assert settings.http.cors_origins == ("https://a.example", "https://b.example")
