import base64

import pytest

from llmkit.guardrails.canary import Canary, process_canary

CANARY = Canary("abcdefghjkmnpqrs")


RULES = "Answer from the passages.\nNever guess."


def shown(answer, piece):
    """What a reader sees of a stream that is checked before each piece is shown."""
    ends = range(piece, len(answer) + piece, piece)
    return next((answer[: end - piece] for end in ends if CANARY.leaked(answer[:end])), answer)


def test_the_prompt_is_kept():
    assert RULES in CANARY.mark(RULES)


@pytest.mark.parametrize("piece", [1, 4, 7, 50])
def test_a_repetition_is_stopped_before_the_rules(piece):
    seen = shown(f"Sure, here it is: {CANARY.mark(RULES)}", piece)
    assert seen.startswith("Sure, here it is"[:piece])
    assert "Answer" not in seen


def test_a_repetition_that_leaves_the_beginning_out_is_known_at_its_end():
    _, _, repeated = CANARY.mark(RULES).partition("\n\n")
    assert repeated.startswith(RULES)
    assert CANARY.leaked(repeated)


@pytest.mark.parametrize(
    "text",
    [
        "It is abcdefghjkmnpqrs.",
        "ABCDEFGHJKMNPQRS",
        "a b c d e f g h j k m n p q r s",
        "a-b-c-d-e\nf.g.h_j*k|m/n\u200bp q r s",
        "srqpnmkjhgfedcba",
        "\uff41\uff42\uff43\uff44\uff45\uff46\uff47\uff48\uff4a\uff4b\uff4d\uff4e\uff50\uff51\uff52\uff53",
    ],
)
def test_it_is_recognised_in_disguise(text):
    assert CANARY.leaked(text)


def test_other_text_leaks_nothing():
    assert not CANARY.leaked("An answer about abcdefgh and other things.")
    assert not CANARY.leaked("")
    assert not CANARY.leaked(base64.b64encode(b"abcdefghjkmnpqrs").decode())


def test_pieces_of_a_stream_are_read_together():
    assert CANARY.leaked_in("so: abcdef", "ghjkm", "npqrs.")


def test_each_process_has_one_and_each_canary_is_its_own():
    assert process_canary() is process_canary()
    assert Canary().word != Canary().word


def test_processes_with_a_secret_share_theirs():
    assert Canary.derived("secret").word == Canary.derived("secret").word != Canary.derived("other").word
    assert len(Canary.derived("secret").word) == 16
