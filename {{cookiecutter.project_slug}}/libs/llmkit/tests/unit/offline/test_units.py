from llmkit.offline.units import UnitKind, units_of

GUIDE = """# Guide

## Backup

Backups run at night. They are kept for 35 days:

- daily ones in `daily`

- weekly ones in `weekly`
  for a year

Restore with

```sh
tool restore --all
tool check
```

| name | size | owner |
| --- | ---: | --- |
| db | 4 GB | Ann |
| files | 9 GB | |

**Note** Encrypted.

Who may restore?
Administrators may.
"""


def units(kind=None):
    return [unit for unit in units_of(GUIDE) if kind is None or unit.kind is kind]


def test_prose_is_cut_into_sentences_below_their_heading():
    first = units(UnitKind.SENTENCE)[0]
    assert first.text == "Backups run at night."
    assert first.heading == "Backup"


def test_list_items_know_what_announced_them_and_stay_together_across_empty_lines():
    daily, weekly = units(UnitKind.ITEM)
    assert daily.intro == "They are kept for 35 days:"
    assert weekly.text == "weekly ones in `weekly` for a year"
    assert daily.block == weekly.block


def test_a_table_row_carries_its_columns_and_leaves_out_empty_cells():
    db, files = units(UnitKind.ROW)
    assert db.text == "db — size: 4 GB; owner: Ann"
    assert db.cells == (("name", "db"), ("size", "4 GB"), ("owner", "Ann"))
    assert files.text == "files — size: 9 GB"


def test_code_is_kept_whole_with_the_sentence_before_it():
    (code,) = units(UnitKind.CODE)
    assert code.text == "tool restore --all\ntool check"
    assert code.intro == "Restore with"


def test_a_bold_lead_counts_as_a_heading():
    assert next(unit for unit in units() if "Encrypted" in unit.text).heading == "Backup > Note"


def test_a_question_is_what_the_next_sentence_answers():
    assert next(unit for unit in units() if unit.text == "Administrators may.").intro == "Who may restore?"


def test_a_first_line_of_headings_is_no_text():
    (unit,) = units_of("Manual > Care > Cleaning\nWipe it with a cloth.")
    assert unit.heading == "Manual > Care > Cleaning"
    assert unit.text == "Wipe it with a cloth."


def test_numbered_headings_of_plain_text_are_headings():
    (unit,) = units_of("3.1.  Header Fields\n\n   Each message has\n   a header.")
    assert unit.heading == "3.1.  Header Fields"
    assert unit.text == "Each message has a header."


def test_bullets_of_plain_text_are_items():
    assert [unit.text for unit in units_of("   o  ON lights it.\n\n   o  OFF does not.")] == [
        "ON lights it.",
        "OFF does not.",
    ]


def test_a_long_item_is_cut_into_its_sentences():
    long = "- " + " ".join(f"Sentence number {number} is here." for number in range(12))
    assert len(units_of(long)) == 12


def test_a_table_without_a_header_and_a_fence_that_never_ends_are_read():
    assert [unit.text for unit in units_of("| a | b |\n| c | d |")] == ["a — b", "c — d"]
    assert [unit.text for unit in units_of("```\nopen")] == ["open"]
    assert units_of("```\n```") == []
    assert units_of("+----+----+") == []
