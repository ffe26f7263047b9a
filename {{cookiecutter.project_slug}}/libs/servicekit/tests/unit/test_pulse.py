import os
import time
from pathlib import Path

import pytest

from servicekit.pulse import OLD_SECONDS, Pulse, main


@pytest.fixture
def pulse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pulse:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return Pulse("bakery", "beat")


def test_a_process_that_has_not_begun_is_not_healthy(pulse: Pulse, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bakery", "beat"]) == 1
    assert capsys.readouterr().out == "beat of bakery: it has not begun to work\n"


def test_a_process_with_a_pulse_is_healthy(pulse: Pulse) -> None:
    pulse.beat()
    assert main(["bakery", "beat"]) == 0
    assert main(["bakery", "worker"]) == 1
    assert main(["smithy", "beat"]) == 1


def test_a_process_whose_pulse_stopped_is_not_healthy(pulse: Pulse, capsys: pytest.CaptureFixture[str]) -> None:
    pulse.beat()
    old = time.time() - OLD_SECONDS - 10
    os.utime(pulse.path, (old, old))
    assert main(["bakery", "beat"]) == 1
    assert "no progress for 100 seconds" in capsys.readouterr().out
