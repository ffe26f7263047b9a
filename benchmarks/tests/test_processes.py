import os
import sys
import time
from pathlib import Path

import pytest

from bench.processes import Command, Server, pinned


def test_a_server_that_ends_early_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    command = Command((sys.executable, "-c", "raise SystemExit('no model here')"), tmp_path)
    server = Server(command, port=9, log=tmp_path / "log")
    with pytest.raises(RuntimeError, match="no model here"):
        server.wait_until_ready("/")
    server.stop()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system cannot keep processes on a core")
def test_a_server_and_the_harness_can_be_kept_on_one_core(tmp_path: Path) -> None:
    every = os.sched_getaffinity(0)
    one = min(every)
    server = Server(Command((sys.executable, "-c", "import time; time.sleep(60)"), tmp_path), 9, tmp_path / "log")
    server.pin(one)
    assert [os.sched_getaffinity(int(name.split()[0])) for name in server.memory()] == [{one}]
    server.stop()
    with pinned(one):
        assert os.sched_getaffinity(0) == {one}
    assert os.sched_getaffinity(0) == every


def test_a_process_in_a_group_of_its_own_belongs_to_its_server(tmp_path: Path) -> None:
    program = "import subprocess; subprocess.run(['sleep', '60'], start_new_session=True)"
    server = Server(Command((sys.executable, "-c", program), tmp_path), 9, tmp_path / "log")
    end = time.monotonic() + 10
    while len(server.memory()) < 2 and time.monotonic() < end:
        time.sleep(0.05)
    assert len(server.memory()) == 2
    server.stop()
    assert server.memory() == {}
