"""Pages of models, over a fake service."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

sys.path.append(str(Path(__file__).parent))

from fake_prediction import FakePrediction
from fake_service import KEY
from serving import serving

OpenPage = Callable[..., AppTest]


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePrediction]:
    service = FakePrediction()
    with service.running():
        monkeypatch.setenv("PREDICTION_URL", service.url)
        yield service
    assert service.complaints == []


@pytest.fixture
def page(models: FakePrediction, open_page: OpenPage) -> OpenPage:
    """Open one of these pages by its name; it must not break."""

    def page(name: str, **query: str) -> AppTest:
        opened = open_page(f"sections/prediction/pages/{name}.py", **query)
        assert not opened.exception
        return opened

    return page


@pytest.fixture
def address(models: FakePrediction) -> Iterator[str]:
    """Serve the pages for a browser."""
    with serving(PREDICTION_KEY=KEY) as address:
        yield address
