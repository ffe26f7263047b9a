"""Pages of documents, over a fake service."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

sys.path.append(str(Path(__file__).parent))

from fake_rag import FakeRag, filled
from fake_service import KEY
from serving import serving

OpenPage = Callable[..., AppTest]


@pytest.fixture
def rag(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRag]:
    service = filled()
    with service.running():
        monkeypatch.setenv("RAG_URL", service.url)
        yield service
    assert service.complaints == []


@pytest.fixture
def page(rag: FakeRag, open_page: OpenPage) -> OpenPage:
    """Open one of these pages by its name; it must not break."""

    def page(name: str, **query: str) -> AppTest:
        opened = open_page(f"sections/rag/pages/{name}.py", **query)
        assert not opened.exception
        return opened

    return page


@pytest.fixture
def address(rag: FakeRag) -> Iterator[str]:
    """Serve the pages for a browser."""
    with serving(RAG_KEY=KEY) as address:
        yield address
