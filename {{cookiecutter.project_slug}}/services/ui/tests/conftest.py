"""Fixtures of the user interface's tests: pages run in this process, and ask services that listen on this machine."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

sys.path.append(str(Path(__file__).parent / "support"))  # so that all tests share `fake_service`

from chromium import Page, chromium
from fake_service import KEY

import ui

MAIN = Path(ui.__file__).parent / "main.py"
OpenPage = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Give every test settings and connections of its own: no `.env`, no service that happens to run here."""
    from ui.section import discover

    monkeypatch.chdir(tmp_path)
    for section in discover():
        monkeypatch.setenv(f"{section.name.upper()}_URL", "http://127.0.0.1:9")
        monkeypatch.delenv(f"{section.name.upper()}_KEY", raising=False)
    monkeypatch.setenv("AUTH__DEVELOPMENT_KEY", KEY)
    monkeypatch.setenv("ENVIRONMENT", "test")
    yield
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture(scope="session", autouse=True)
def no_search_for_components() -> Iterator[None]:
    """Spare each page a search through everything that is installed, for components of others: these pages use none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("streamlit.components.v2.manifest_scanner.scan_component_manifests", list)
        yield


@pytest.fixture
def open_page() -> OpenPage:
    """Open a page: its script below `ui/` (none: the start page), and what stands behind `?` in its address."""

    def open_page(script: str | None = None, **query: str) -> AppTest:
        page = AppTest.from_file(MAIN, default_timeout=20)
        if script:
            page.switch_page(script)  # works before the first run, because a page's address is its file's name
        for name, value in query.items():
            page.query_params[name] = value
        return page.run()

    return open_page


@pytest.fixture
def browser(address: str) -> Iterator[Page]:
    """Start a browser; `address` is where the pages are served."""
    with chromium() as page:
        yield page
