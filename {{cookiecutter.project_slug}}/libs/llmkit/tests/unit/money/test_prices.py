from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from llmkit.call import ModelRef, TokenUsage
from llmkit.errors import UnknownPrice
from llmkit.money import MoneySettings
from llmkit.money.price_file import PriceFileError, read_price_file
from llmkit.money.prices import ListedPrices
from servicekit.settings import ServiceSettings

USAGE = TokenUsage(input=1_000, output=100, cached_input=400)
LISTED = ModelRef("openai", "gpt-5-mini")
PRIVATE = ModelRef("openai", "our-own-model")


def write(folder: Path, text: str, name: str = "prices.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_listed_models_cost_what_the_list_says_per_kind_of_token() -> None:
    # $0.25, $0.025 and $2 per million
    expected = (600 * Decimal("0.25") + 400 * Decimal("0.025") + 100 * Decimal(2)) / 1_000_000
    assert ListedPrices(MoneySettings()).cost(LISTED, USAGE) == expected


def test_a_provider_is_known_by_its_other_names() -> None:
    prices = ListedPrices(MoneySettings())
    assert prices.cost(ModelRef("gemini", "gemini-2.5-flash"), USAGE) > 0


def test_the_offline_model_costs_nothing() -> None:
    assert ListedPrices(MoneySettings()).cost(ModelRef.parse("offline"), USAGE) == 0


def test_a_provider_is_free_only_when_the_settings_say_so() -> None:
    local = ModelRef("openai", "llama3.2:3b")
    with pytest.raises(UnknownPrice):
        ListedPrices(MoneySettings()).cost(local, USAGE)
    assert ListedPrices(MoneySettings(free_providers=("openai",))).cost(local, USAGE) == 0


def test_an_unknown_price_is_refused_with_a_way_out() -> None:
    with pytest.raises(UnknownPrice, match="our-own-model") as caught:
        ListedPrices(MoneySettings()).cost(PRIVATE, USAGE)
    assert "MONEY__UNKNOWN_PRICE" in str(caught.value.hint)


def test_an_unknown_price_is_charged_at_the_fallback_when_the_settings_say_so() -> None:
    settings = MoneySettings(unknown_price="charge", fallback_input=Decimal(10), fallback_output=Decimal(30))
    assert ListedPrices(settings).cost(PRIVATE, USAGE) == Decimal("0.013")


def test_the_file_wins_over_the_list(tmp_path: Path) -> None:
    path = write(tmp_path, '["openai:gpt-5-mini"]\ninput = 1\noutput = 2.5\ncached = 0.1\n')
    prices = ListedPrices(MoneySettings(prices_file=path))
    assert prices.cost(LISTED, USAGE) == Decimal("0.00089")


def test_cached_tokens_cost_as_much_as_others_unless_the_file_knows_better(tmp_path: Path) -> None:
    path = write(tmp_path, '{"openai:our-own-model": {"input": 1, "output": 0}}', "prices.json")
    assert ListedPrices(MoneySettings(prices_file=path)).cost(PRIVATE, USAGE) == Decimal("0.001")


def test_a_star_prices_a_whole_provider_and_a_name_wins_over_it(tmp_path: Path) -> None:
    path = write(tmp_path, '["x:*"]\ninput = 0\noutput = 0\n["x:big"]\ninput = 1\noutput = 0\n')
    prices = ListedPrices(MoneySettings(prices_file=path))
    assert prices.cost(ModelRef("x", "small"), USAGE) == 0
    assert prices.cost(ModelRef("x", "big"), USAGE) == Decimal("0.001")


def test_models_without_a_price_are_named_at_the_start() -> None:
    with capture_logs() as logs:
        ListedPrices(MoneySettings()).preload([LISTED, PRIVATE, ModelRef.parse("offline")])
    assert [(line["event"], line["model"], line["treatment"]) for line in logs] == [
        ("model_price_unknown", "openai:our-own-model", "refused")
    ]


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("p.toml", '["a:b"]\ninput = 1\noutput = \n', r"line 3"),
        ("p.json", '{"a:b":\n {"input": 1,\n }', r"line 3"),
        ("p.json", "[1]", r"line 1: expected an object"),
        ("p.json", '{"a:b": {"input": 1, "output": 1}, "a:b": {"input": 2, "output": 2}}', r"key 'a:b': given twice"),
        ("p.json", '{"a:b": {"input": NaN, "output": 1}}', r"key 'a:b': input must be dollars"),
        ("p.toml", "[openai.gpt-5]\ninput = 1\noutput = 1\n", r"key 'openai': not provider:model"),
        ("p.toml", '"a:b" = 3\n', r"key 'a:b': expected input and output"),
        ("p.toml", '["a:b"]\ninput = 1\n', r"key 'a:b': output is missing"),
        ("p.toml", '["a:b"]\ninput = 1\noutput = 1\nimput = 2\n', r"key 'a:b': unknown 'imput'"),
        ("p.toml", '["a:b"]\ninput = "1"\noutput = 1\n', r"key 'a:b': input must be dollars per million tokens"),
        ("p.toml", '["a:b"]\ninput = -1\noutput = 1\n', r"not -1"),
        ("p.toml", '["a:b"]\ninput = true\noutput = 1\n', r"not True"),
        ("p.toml", '["a:b"]\ninput = inf\noutput = 1\n', r"input must be"),
        ("p.yaml", "", r"must be named \.toml or \.json"),
    ],
)
def test_a_wrong_file_is_refused_by_its_name_and_line_or_key(
    name: str, text: str, complaint: str, tmp_path: Path
) -> None:
    path = write(tmp_path, text, name)
    with pytest.raises(PriceFileError, match=complaint) as caught:
        read_price_file(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=r"gone\.toml cannot be read"):
        MoneySettings(prices_file=tmp_path / "gone.toml")


class Sample(ServiceSettings):
    money: MoneySettings = MoneySettings()


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONEY__TENANT_LIMITS", "acme=50, globex=2.5")
    monkeypatch.setenv("MONEY__FREE_PROVIDERS", "openai,anthropic")
    monkeypatch.setenv("MONEY__REQUEST_USD", "0.25")
    money = Sample().money
    assert money.daily_limit("acme") == 50
    assert money.daily_limit("globex") == Decimal("2.5")
    assert money.daily_limit("other") == money.tenant_daily_usd
    assert money.free_providers == ("openai", "anthropic")
    assert money.request_usd == Decimal("0.25")


@pytest.mark.parametrize("text", ["acme", "acme=much", "=5", "acme=-1"])
def test_limits_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        MoneySettings(tenant_limits=text)
