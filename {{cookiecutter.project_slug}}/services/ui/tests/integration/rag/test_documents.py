"""The library: uploads are followed until they are read, failures say what to do."""

import pytest
from fake_rag import FakeRag
from fake_service import problem
from rag_samples import document
from streamlit.testing.v1 import AppTest


def names(page: AppTest) -> list[str]:
    return [element.value.strip("*").replace("\\", "") for element in page.markdown if element.value.startswith("**")]


def press(page: AppTest, label: str) -> AppTest:
    next(button for button in page.button if button.label == label).click().run()
    assert not page.exception
    return page


def upload(page: AppTest, *files: tuple[str, bytes, str], tags: tuple[str, ...] = ()) -> AppTest:
    page.file_uploader(key="upload-files").set_value(list(files))
    for tag in tags:
        page.multiselect(key="upload-tags").select(tag)
    return press(page, "Add to the library")


def test_every_state_is_shown_with_what_to_do(page) -> None:
    at = page("documents")
    assert names(at) == ["report-2025.pdf", "handbook_v2.docx", "minutes.pdf", "secret.pdf"]
    assert "protected by a password" in at.error[0].value
    assert "Remove the password and upload it again" in at.error[0].value
    assert "`encrypted`" in at.error[0].value
    assert [bar.proto.text for bar in at.get("progress")] == ["page 12 of 30"]


def test_an_upload_is_sent_with_its_tags_and_followed(rag: FakeRag, page) -> None:
    rag.documents = rag.documents[:1]
    at = upload(page("documents"), ("new.txt", b"Some text", "text/plain"), tags=("finance",))
    (request,) = rag.asked("POST", "/v1/documents")
    files, fields = request.form()
    assert files == [("new.txt", b"Some text")]
    assert fields == {"tags": "finance"}
    assert names(at) == ["new.txt", "report-2025.pdf"]
    assert at.get("progress")
    rag.reading_seconds = 0.001
    at.run()
    assert not at.get("progress")
    assert rag.documents[0]["state"] == "ready"


def test_what_is_not_taken_is_explained_beside_what_is(rag: FakeRag, page) -> None:
    size = rag.documents[0]["size"]
    at = upload(
        page("documents"),
        ("virus.txt", b"MZ...", "text/plain"),
        ("report-2025.pdf", b"x" * size, "application/pdf"),
        ("good.md", b"# Good", "text/markdown"),
    )
    assert any("virus" in error.value and "It is a program" in error.value for error in at.error)
    assert any("Upload a PDF" in error.value for error in at.error)
    assert "and the same" in at.info[0].value
    assert "good.md" in names(at)


def test_an_upload_of_which_nothing_is_taken_says_why(page) -> None:
    at = upload(page("documents"), ("virus.txt", b"MZ...", "text/plain"))
    assert "No file was taken" in at.error[0].value


def test_an_upload_without_files_asks_for_some(rag: FakeRag, page) -> None:
    at = press(page("documents"), "Add to the library")
    assert "Choose at least one file" in at.warning[0].value
    assert not rag.asked("POST", "/v1/documents")


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("documents-name", "HANDBOOK", ["handbook_v2.docx"]),
        ("documents-tag", "finance", ["report-2025.pdf"]),
        ("documents-state", "failed", ["secret.pdf"]),
    ],
)
def test_the_list_is_narrowed(page, key: str, value: str, found: list[str]) -> None:
    at = page("documents")
    field = at.text_input(key=key) if key == "documents-name" else at.selectbox(key=key)
    field.set_value(value).run()
    assert names(at) == found


def test_a_filter_that_fits_nothing_says_so(page) -> None:
    at = page("documents")
    at.text_input(key="documents-name").set_value("zebra").run()
    assert names(at) == ["No document fits"]


def test_an_empty_library_invites(rag: FakeRag, page) -> None:
    rag.documents.clear()
    assert names(page("documents")) == ["The library is empty"]


def test_a_long_list_grows_on_demand(rag: FakeRag, page) -> None:
    rag.documents = [document(f"file-{number}.pdf") for number in range(25)]
    at = page("documents")
    assert len(names(at)) == 20
    assert len(names(press(at, "Show more"))) == 25


def test_tags_are_changed(rag: FakeRag, page) -> None:
    at = page("documents")
    tags = next(field for field in at.multiselect if field.label == "Tags")
    tags.unselect("2025")
    press(at, "Save the tags")
    assert rag.documents[0]["tags"] == ["finance"]
    assert [toast.value for toast in at.toast] == ["The tags of report-2025.pdf are saved."]


def test_a_document_is_deleted_after_a_second_thought(rag: FakeRag, page) -> None:
    id = rag.documents[0]["id"]
    at = page("documents")
    assert at.button(key=f"delete-{id}").disabled
    at.checkbox(key=f"sure-{id}").check().run()
    at.button(key=f"delete-{id}").click().run()
    assert "report-2025.pdf" not in names(at)


def test_a_deletion_that_fails_is_explained_and_nothing_is_lost(rag: FakeRag, page) -> None:
    id = rag.documents[0]["id"]
    rag.fail("DELETE", "/v1/documents/.*", problem(503, "unavailable", "The storage is away.", "Try again."))
    at = page("documents")
    at.checkbox(key=f"sure-{id}").check().run()
    at.button(key=f"delete-{id}").click().run()
    assert any("storage is away" in error.value for error in at.error)
    assert "report-2025.pdf" in names(at)


def test_a_document_is_read_page_by_page(rag: FakeRag, page) -> None:
    at = page("documents")
    at.button(key=f"read-{rag.documents[0]['id']}").click().run()
    assert not at.exception
    assert "Page **1** of 3" in [element.value for element in at.markdown]


def test_a_document_without_pages_is_read_as_one(rag: FakeRag, page) -> None:
    handbook = rag.documents[1]
    assert handbook["pages"] is None
    at = page("documents")
    at.button(key=f"read-{handbook['id']}").click().run()
    assert not at.exception
    assert "Page **1** of 1" in [element.value for element in at.markdown]


def test_what_is_not_ready_cannot_be_read_yet(rag: FakeRag, page) -> None:
    ready = {f"read-{one['id']}" for one in rag.documents if one["state"] == "ready"}
    assert {button.key for button in page("documents").button if str(button.key).startswith("read-")} == ready


def test_an_earlier_content_that_still_answers_is_mentioned(rag: FakeRag, page) -> None:
    rag.documents = [document("plan.pdf", "processing", searchable=True)]
    assert any("the earlier one answers" in element.value for element in page("documents").caption)
