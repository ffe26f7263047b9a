"""The command line explains itself and does nothing by accident."""

import pytest

from ui.cli import main


def test_names_its_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    assert "serve the pages" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["fly"]])
def test_refuses_what_it_does_not_know(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
