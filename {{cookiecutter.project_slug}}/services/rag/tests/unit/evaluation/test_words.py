from rag.evaluation.words import content_words, normal, numbers, sentences, words


def test_marks_case_and_spacing_do_not_count() -> None:
    assert normal("## The  `dead_letter`\n* **Rests**") == "the dead_letter rests"


def test_citations_are_no_words_and_numbers_stay_whole() -> None:
    assert words("It costs 1.5 € [2], don\N{RIGHT SINGLE QUOTATION MARK}t pay 1,000.") == [
        "it",
        "costs",
        "1.5",
        "don't",
        "pay",
        "1,000",
    ]


def test_content_words_leave_out_little_words_and_endings() -> None:
    assert content_words("The workers claimed a lease") == content_words("Worker claiming leases")


def test_short_words_keep_their_ending() -> None:
    assert content_words("The bus is red") == {"bus", "red"}


def test_numbers_are_words_with_digits() -> None:
    assert numbers("Port 8002 of v2.1 in [3] places") == {"8002", "v2.1"}


def test_a_citation_after_the_full_stop_belongs_to_its_sentence() -> None:
    assert sentences("It ends. [1] [2] Then it begins! - one\n- two") == [
        "It ends. [1] [2]",
        "Then it begins!",
        "- one",
        "- two",
    ]


def test_an_abbreviation_and_a_file_name_end_no_sentence() -> None:
    assert len(sentences("Use a file, e.g. app.py, or 1.5 of them.")) == 1
