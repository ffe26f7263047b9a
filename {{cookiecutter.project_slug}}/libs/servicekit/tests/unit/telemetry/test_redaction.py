import pytest

from servicekit.telemetry import redaction
from servicekit.telemetry.redaction import MASK, redact, redact_text


@pytest.mark.parametrize(
    "name", ["password", "PASSWD", "client_secret", "token", "access_token", "Authorization", "api_key", "X-API-Key",
             "Cookie", "sentry_dsn", "private_key", "credentials"],
)  # fmt: skip
def test_masks_by_name(name: str) -> None:
    assert redact({"outer": {name: "canary"}}) == {"outer": {name: MASK}}


@pytest.mark.parametrize("name", ["tokens_used", "max_tokens", "key", "model", "tenant"])
def test_keeps_what_only_sounds_similar(name: str) -> None:
    assert redact({name: "value"}) == {name: "value"}


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("key pk_ab12_s3-cr_et!", f"key {MASK}!"),
        ("Authorization: Bearer abc.def", f"Authorization: {MASK}"),
        ("postgresql://user:canary@db/x", f"postgresql://{MASK}@db/x"),
        ("redis://:canary@host:6379", f"redis://{MASK}@host:6379"),
        ("token eyJhbGciOi.eyJzdWIi.c2ln end", f"token {MASK} end"),
        ("sk-proj-abcdefghijklmnop1234", MASK),
        ("nothing to hide: http://host:80/path", "nothing to hide: http://host:80/path"),
    ],
)
def test_masks_by_looks(text: str, masked: str) -> None:
    assert redact_text(text) == masked
    assert redact([{"a": (text,)}]) == [{"a": [masked]}]


def test_other_values_keep_their_types_or_become_text() -> None:
    class Odd:
        def __str__(self) -> str:
            return "postgresql://u:canary@h"

    assert redact([1, 2.5, None, True, Odd(), {"password": None}]) == [
        1, 2.5, None, True, f"postgresql://{MASK}@h", {"password": None},
    ]  # fmt: skip


def test_endless_structures_end() -> None:
    endless: list[object] = []
    endless.append(endless)

    assert MASK in str(redact(endless))


def test_more_can_be_masked_than_secrets(monkeypatch) -> None:
    monkeypatch.setattr(redaction, "_more", {})
    redaction.redact_also("names", lambda text: text.replace("Anna", "Bertha"))
    redaction.redact_also("names", lambda text: text.replace("Anna", "[name]"))
    assert redact({"said": ["Anna has pk_acme_0123456789"]}) == {"said": ["[name] has [redacted]"]}
