"""The first page and the menu: what is there, what is away, and what to do about it."""

from pathlib import Path

import pytest
from fake_service import FakeService, Response
from streamlit.testing.v1 import AppTest

from ui.section import discover

SECTIONS = discover()


def words(page: AppTest) -> str:
    return " ".join(str(element.value) for element in (*page.title, *page.subheader, *page.markdown, *page.caption))


def test_carries_the_title_of_the_settings(monkeypatch: pytest.MonkeyPatch, open_page) -> None:
    monkeypatch.setenv("UI__TITLE", "Our documents")
    page = open_page()
    assert not page.exception
    assert page.title[0].value == "Our documents"


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)
def test_says_which_service_is_away_and_how_to_bring_it_back(section, open_page) -> None:
    page = open_page()
    assert f"`{section.name.upper()}_URL`" in words(page)
    assert f"look-{section.name}" in [button.key for button in page.button]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)
def test_finds_a_service_that_comes_back(section, open_page, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeService().running() as service:
        monkeypatch.setenv(f"{section.name.upper()}_URL", service.url)
        page = open_page()
    assert f"look-{section.name}" not in [button.key for button in page.button]
    for spec in filter(lambda spec: spec.listed, section.pages):
        assert spec.purpose in words(page)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)
def test_a_service_that_is_neither_set_nor_there_has_no_pages_in_the_menu(
    section, open_page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(f"{section.name.upper()}_URL")
    from ui import connections

    monkeypatch.setenv(f"{section.name.upper()}_URL", "")
    assert connections.is_shown(section) is connections.answers(section.name, section.default_url)


@pytest.mark.parametrize(
    ("section", "spec"),
    [(section, spec) for section in SECTIONS for spec in section.pages if spec.listed],
    ids=lambda value: value.name,
)
def test_every_page_explains_that_its_service_is_away(section, spec, open_page) -> None:
    page = open_page(f"sections/{section.name}/pages/{spec.name}.py")
    assert not page.exception
    assert "cannot be reached" in page.error[0].value
    assert any(button.label == "Try again" for button in page.button)


@pytest.mark.parametrize(
    ("section", "spec"),
    [(section, spec) for section in SECTIONS for spec in section.pages if spec.listed],
    ids=lambda value: value.name,
)
def test_every_page_explains_a_key_that_is_refused(section, spec, open_page, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeService().running() as service:
        refusal = {"code": "unauthorized", "detail": "There is no valid key.", "hint": "Make one.", "request_id": "r-9"}
        service.fail("GET", "/v1/.*", Response(401, refusal, "application/problem+json"))
        monkeypatch.setenv(f"{section.name.upper()}_URL", service.url)
        page = open_page(f"sections/{section.name}/pages/{spec.name}.py")
    assert not page.exception
    shown = page.error[0].value
    assert "There is no valid key" in shown
    assert "Make one" in shown
    assert "`unauthorized` · request `r-9`" in shown


def test_no_folder_beside_the_main_script_is_taken_for_a_menu() -> None:
    """Streamlit reads a folder `pages` there as a menu of its own, and calls every other address unknown."""
    import ui

    assert not (Path(ui.__file__).parent / "pages").exists()
