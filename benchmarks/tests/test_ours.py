import pytest

from bench.ours import CONTENDER, EVERYTHING, VARIANTS, for_model, key_in


def test_finds_the_key_between_other_words() -> None:
    assert key_in("pk_ab12_Sec-ret_\nKeep it: it is not shown again.\n") == "pk_ab12_Sec-ret_"


def test_output_without_a_key_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="no key"):
        key_in("usage: prediction keys mint")


def test_the_answer_is_read_in_the_order_of_the_classes() -> None:
    answer = {"predictions": [{"label": 1, "probability": 0.75, "probabilities": {"0": 0.25, "1": 0.75}}]}
    assert for_model("forest").path == "/v1/models/forest/predict"
    assert CONTENDER.probabilities(answer) == [0.25, 0.75]


def test_every_variant_changes_something_and_has_a_name_of_its_own() -> None:
    names = [variant.name for variant in (EVERYTHING, *VARIANTS)]
    assert len(names) == len(set(names))
    assert all(variant.settings or variant.without for variant in VARIANTS)
