"""What the environment says reaches the pages; what is unsafe does not start."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from ui.settings import EXIT_CONFIGURATION, InterfaceSettings, ServiceSettings, load_settings


def test_the_environment_wins_over_dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("UI__TITLE=from file\nUI__POLL_SECONDS=3\n", encoding="utf-8")
    monkeypatch.setenv("UI__TITLE", "from environment")
    settings = InterfaceSettings()
    assert (settings.ui.title, settings.ui.poll_seconds) == ("from environment", 3)


def test_a_service_is_set_by_its_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEATHER_URL", "https://weather.example")
    monkeypatch.setenv("WEATHER_KEY", "secret")
    assert ServiceSettings.of("weather") == ServiceSettings(url="https://weather.example", key=SecretStr("secret"))
    assert ServiceSettings.of("tides").url is None


def test_a_secret_may_be_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "key"
    secret.write_text("from a file\n", encoding="utf-8")
    monkeypatch.delenv("AUTH__DEVELOPMENT_KEY")
    monkeypatch.setenv("AUTH__DEVELOPMENT_KEY_FILE", str(secret))
    monkeypatch.setenv("WEATHER_KEY_FILE", str(secret))
    assert InterfaceSettings().auth.development_key == SecretStr("from a file")
    assert ServiceSettings.of("weather").key == SecretStr("from a file")


def test_a_file_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("UI__TITLE_FILE", "/nowhere")
    with pytest.raises(SystemExit) as left:
        load_settings()
    assert left.value.code == EXIT_CONFIGURATION
    assert "UI__TITLE_FILE names a file that cannot be read" in capsys.readouterr().err


def test_a_misspelt_variable_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UI__TITEL", "x")
    with pytest.raises(SystemExit):
        load_settings()
    assert capsys.readouterr().err == "Settings refused: UI__TITEL: Extra inputs are not permitted\n"


def test_variables_of_the_services_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP__MAX_BODY_BYTES", "1")
    monkeypatch.setenv("AUTH__JWT_ISSUER", "https://issuer.example")
    assert InterfaceSettings().http.port == 8000


def test_the_development_key_cannot_be_deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    with pytest.raises(ValidationError, match="not allowed in production: AUTH__DEVELOPMENT_KEY is set"):
        InterfaceSettings()


def test_a_placeholder_is_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEATHER_KEY", "change-me")
    with pytest.raises(ValidationError, match="the key is a placeholder"):
        ServiceSettings.of("weather")
