"""Chains are checked when they are read, with one clear sentence."""

import pytest
from pydantic import ValidationError

from llmkit.call import ModelRef, Tier
from llmkit.settings import LlmSettings
from servicekit.settings import ServiceSettings, load_settings


class SomeSettings(ServiceSettings):
    llm: LlmSettings = LlmSettings()


def test_the_offline_model_answers_unless_something_is_set() -> None:
    settings = LlmSettings()
    assert settings.chain(Tier.STRONG) == settings.chain(Tier.CHEAP) == (ModelRef("offline", "offline"),)


def test_chains_are_read_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM__STRONG", "openai:gpt-5-mini, offline")
    monkeypatch.setenv("LLM__OPENAI_API_KEY", "sk-secret")
    settings = load_settings(SomeSettings)
    assert settings.llm.chain(Tier.STRONG) == (ModelRef("openai", "gpt-5-mini"), ModelRef("offline", "offline"))
    assert "sk-secret" not in repr(settings)


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize("tier", ["STRONG", "CHEAP"])
def test_a_model_that_cannot_be_reached_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], provider: str, tier: str
) -> None:
    monkeypatch.setenv(f"LLM__{tier}", f"{provider}:m")
    with pytest.raises(SystemExit):
        load_settings(SomeSettings)
    name = provider.upper()
    assert capsys.readouterr().err == (
        f"Settings refused: LLM: LLM__{tier} names {provider}:m, "
        f"which needs LLM__{name}_API_KEY or LLM__{name}_BASE_URL\n"
    )


def test_a_server_of_ones_own_needs_no_key() -> None:
    settings = LlmSettings(strong=("openai:llama3",), openai_base_url="http://127.0.0.1:11434/v1")
    assert settings.configured("openai")
    assert not settings.configured("anthropic")


@pytest.mark.parametrize(
    ("chain", "reason"),
    [
        ("gpt-5", "not provider:model"),
        ("cohere:x", "no known provider"),
        ("openai:", "not provider:model"),
        (",", "no model"),
    ],
)
def test_a_chain_that_makes_no_sense_is_refused(chain: str, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        LlmSettings.model_validate({"strong": chain, "openai_api_key": "k"})
