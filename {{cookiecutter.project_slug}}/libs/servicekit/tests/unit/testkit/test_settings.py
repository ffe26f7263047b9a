from pathlib import Path
from typing import ClassVar

import pytest

from servicekit.settings import ServiceSettings
from servicekit.testkit.settings import make_settings


class BakerySettings(ServiceSettings):
    service_name: ClassVar[str] = "bakery"
    flour: str = "rye"


def test_settings_come_from_defaults_and_overrides_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOUR", "from the environment")
    monkeypatch.setenv("HTTP__PORT", "1")
    settings = make_settings(BakerySettings, tmp_path, http__max_concurrency=3, http__port=9, flour="wheat")
    assert isinstance(settings, BakerySettings)
    assert (settings.flour, settings.http.port, settings.http.max_concurrency) == ("wheat", 9, 3)
    assert (make_settings(BakerySettings, tmp_path).flour, settings.environment) == ("rye", "test")


def test_a_misspelt_override_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="http"):
        make_settings(BakerySettings, tmp_path, http__prot=9)


@pytest.mark.settings(jobs__lease_seconds=7)
def test_a_test_changes_its_settings_by_a_marker(settings: ServiceSettings) -> None:
    assert settings.jobs.lease_seconds == 7
