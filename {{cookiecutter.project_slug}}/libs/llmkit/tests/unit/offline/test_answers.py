import re

import pytest

from llmkit.offline.answers import answer
from llmkit.offline.request import SourcePassage


def ask(question, *texts):
    return answer(question, [SourcePassage(str(number), "", text) for number, text in enumerate(texts, start=1)])


NOTICE = "Die Frist für die Kündigung beträgt drei Monate zum Quartalsende."
CARE = "# Care\n\nWipe the case weekly. Do not use alcohol, because it dulls the paint.\n\nThe warranty is two years."


def test_the_best_sentence_is_cited_before_its_full_stop():
    given = ask("How long is the warranty?", "Nothing here.", CARE)
    assert given.text == "The warranty is two years [2]."
    assert given.support > 0.8


def test_without_support_it_says_so_in_one_sentence():
    given = ask("Which battery fits the remote control?", CARE)
    assert given.abstained
    assert given.text.startswith("I do not know")
    assert len(re.findall(r"[.!?](?:\s|$)", given.text)) == 1
    assert "battery" in given.text


def test_a_verb_is_not_named_as_what_is_missing():
    given = ask("Who won the world cup?", "The world is round. A cup stands on the table.")
    assert given.text == "I do not know: the passages do not answer this question."


def test_without_passages_it_does_not_know():
    assert ask("What is it?").text.startswith("I do not know")
    assert ask("?", CARE).abstained


def test_both_parts_of_a_question_are_answered_from_their_passages():
    given = ask("How long is the warranty and who repairs it?", CARE, "Repairs: Anna Berg repairs it in Kiel.")
    assert "two years [1]" in given.text
    assert "Anna Berg" in given.text
    assert "[2]" in given.text


def test_a_part_without_an_answer_is_named():
    given = ask("How long is the warranty and who invented the telephone?", CARE)
    assert "two years" in given.text
    assert "do not say who invented the telephone" in given.text


def test_a_pronoun_brings_the_sentence_before_it():
    given = ask(
        "What is the key used for?", "The key opens the cellar.\n\nThe spare key is blue. It is used for the attic."
    )
    assert "spare key" in given.text or "opens the cellar" in given.text
    assert not given.text.startswith("It ")


def test_a_sentence_about_it_is_found_by_what_it_stands_for():
    text = "Services never import each other. They meet over HTTP."
    assert "They meet over HTTP" in ask("How do services meet?", text).text


def test_the_members_of_a_list_are_all_given():
    text = "Three colours are offered:\n\n- red\n- green\n- dark blue"
    assert ask("Which colours are offered?", text).text.count("[1]") >= 1
    assert all(
        colour in ask("Which colours are offered?", text).text.lower() for colour in ("red", "green", "dark blue")
    )


@pytest.mark.parametrize("code", ["tool purge --all", "tool stop\ntool purge --all"])
def test_a_command_is_shown_as_code(code):
    text = f"# Cleaning\n\nPurge the cache with\n\n```sh\n{code}\n```\n"
    given = ask("Which command purges the cache?", text)
    assert code in given.text
    assert "`" in given.text
    assert "[1]" in given.text


def test_a_row_of_a_table_is_told_with_its_columns():
    table = "| planet | moons | day |\n| --- | --- | --- |\n| Mars | 2 | 24.6 h |\n| Saturn | 146 | 10.7 h |"
    given = ask("How many moons does Mars have?", table)
    assert given.text == "Mars — moons: 2 [1]."
    assert ask("What is known of Saturn?", table).text == "Saturn — moons: 146; day: 10.7 h [1]."


def test_a_year_that_is_nowhere_is_not_replaced_by_another():
    assert ask("What was the profit in 2019?", "In 2023 the profit was 5 million euros.").abstained
    assert "5 million" in ask("What was the profit in 2023?", "In 2023 the profit was 5 million euros.").text


def test_two_halves_in_two_passages_are_put_together():
    given = ask(
        "Does Falcon use the Merkur engine?",
        "The falcon is the fastest boat we have.",
        "The Merkur engine has 12 cylinders.",
    )
    assert given.abstained or {"[1]", "[2]"} <= set(re.findall(r"\[\d\]", given.text))


def test_a_question_of_the_text_is_no_answer():
    given = ask("Why is the sky blue?", "Why is the sky blue?\n\nThe sky is blue because short waves scatter more.")
    assert "scatter" in given.text


def test_markup_is_left_out():
    given = ask("Where is the manual?", "The **manual** is in [the folder](https://example.org/x) *docs*.")
    assert given.text == "The manual is in the folder docs [1]."


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        (
            "When was the bridge built?",
            "The bridge was built by hand. The bridge was finished, or built, in 1931.",
            "1931",
        ),
        (
            "Who painted the ceiling?",
            "The ceiling was painted white. Maria Lopez painted the ceiling in 1790.",
            "Maria Lopez",
        ),
        ("How much does the ticket cost?", "The ticket is paper. The ticket costs 5 euros.", "5 euros"),
        ("What is a quark?", "Scientists love the quark. A quark is a particle.", "particle"),
        ("How hot is the oven?", "The oven is big. The oven reaches 250 °C.", "250"),
        ("Where do I log in?", "You can log in. Login: the page `/login` takes your name.", "/login"),
    ],
)
def test_the_kind_of_answer_decides(question, text, expected):
    assert expected in ask(question, text).text


@pytest.mark.parametrize("kind", ["How much is the rent?", "When did the rent rise?", "How many rents were paid?"])
def test_a_sentence_without_the_kind_of_answer_is_none(kind):
    assert ask(kind, "The rent is due.").abstained


SEGMENTS = """## Segments

| Segment | Revenue 2025 | Revenue 2024 |
| --- | --- | --- |
| Ferries | 412.7 | 398.1 |
| Towage | 118.4 | 121.9 |
"""


def test_a_row_is_no_answer_when_only_its_columns_are_named():
    assert "118.4" in ask("What was the revenue of the towage segment in 2025?", SEGMENTS).text
    assert ask("What was the revenue of the airline segment in 2025?", SEGMENTS).abstained


def test_a_name_that_is_nowhere_is_not_replaced_by_another():
    text = "The Lagoon Beacon Protocol uses UDP port 7431 and TCP port 7432."
    assert "7431" in ask("Which UDP port does the Lagoon Beacon Protocol use?", text).text
    assert ask("Which SCTP port does the Lagoon Beacon Protocol use?", text).abstained


PIERS = "## Piers\n\n- Ferries to Norholm leave from pier 2.\n- Ferries to Skerry leave from pier 3.\n- Pier 1 rests."


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("From which pier do ferries to Norholm leave?", "Ferries to Norholm leave from pier 2 [1]."),
        ("And from which pier do ferries to Skerry leave?", "Ferries to Skerry leave from pier 3 [1]."),
    ],
)
def test_of_a_list_only_the_one_that_is_asked_for_is_given(question, expected):
    assert ask(question, PIERS).text == expected


def test_all_of_a_list_are_given_when_several_are_asked_for():
    assert ask("From which piers do ferries leave?", PIERS).text.count("[1]") == 3


def test_by_how_much_asks_for_no_money():
    given = ask("By how much did fuel consumption fall?", "Fuel consumption fell by 11.3 per cent to 148,200 tonnes.")
    assert "11.3 per cent" in given.text


def test_what_a_thing_is_stands_in_its_definition():
    rule = "A warden MUST send a keepalive every 45 seconds."
    definition = 'A "warden" is a node that keeps the roster of all beacons of one lagoon.'
    assert "keeps the roster" in ask("What is a warden?", rule, definition).text


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Wie lange werden Fundsachen aufbewahrt?", "45 Tage"),
        ("Wie hoch ist der pH-Wert des Moorwassers?", "4,3"),
        ("Was kostet eine Jahreskarte?", None),
        ("Wie viele Kraniche wurden gezählt?", None),
        ("Wie lang ist die Kündigungsfrist?", "drei Monate"),
        ("Wie lang ist die Lieferfrist?", None),
    ],
)
def test_german_questions_are_answered_from_german_text(question, expected):
    lost = "## Fundsachen\n\nGefundene Gegenstände werden 45 Tage lang im Betriebshof aufbewahrt."
    given = ask(question, lost, "Der pH-Wert des Moorwassers lag bei 4,3.", "Eine Monatskarte kostet 64 Euro.", NOTICE)
    assert given.abstained if expected is None else expected in given.text


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Wie viele Kraniche wurden gezählt?", "Ich weiß es nicht: Die Textstellen sagen nichts über Kraniche"),
        ("How many cranes were counted?", "I do not know: the passages say nothing about cranes"),
        ("Combien de grues ?", "I do not know"),
    ],
)
def test_that_it_does_not_know_it_says_in_the_language_of_the_question(question, said):
    assert ask(question, NOTICE).text.startswith(said)
    assert ask(question).text.startswith(said[:13])


def test_a_missing_part_is_named_in_the_language_of_the_question():
    given = ask("Wie lang ist die Frist für die Kündigung? Wie viele Kraniche wurden gezählt?", NOTICE)
    assert "drei Monate" in given.text
    assert given.text.endswith("Die Textstellen sagen nicht: Wie viele Kraniche wurden gezählt?")


def test_of_a_long_listing_only_the_line_that_answers_is_given():
    options = ["-b, --benchmark   perform a benchmark", "-s, --strict      use strict DER decoding"]
    others = [f"-{letter}, --{letter}{letter}{letter}        print {letter}" for letter in "defghijk"]
    given = ask("What does the -s option use?", "\n".join(["The options:", "", "```", *options, *others, "```"]))
    assert "use strict DER decoding" in given.text
    assert "benchmark" not in given.text


def test_the_title_of_the_document_counts_for_a_passage_that_begins_with_its_own_heading():
    passage = "Kestrel Espresso Machine > 5 Warranty\n## 5 Warranty\n\nThe warranty lasts 30 months."
    assert "30 months" in ask("How long is the warranty of the espresso machine?", passage).text


def test_a_line_with_a_value_is_no_title():
    text = "## Contacts\n\nInterlibrary loans: Extension 4417\n\nCaretaker: Extension 4402"
    assert "4402" in ask("What is the extension of the caretaker?", text).text
