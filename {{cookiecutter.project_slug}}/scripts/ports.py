"""Who listens on a port of this machine."""

import shutil
import socket
import subprocess
from pathlib import Path

LISTENING = "0A"  # the state of a listening socket in /proc/net/tcp


def is_free(port: int) -> bool:
    """Whether a server could listen there."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def holder(port: int) -> str | None:
    """Return `process 123 (python -m app)` for the one that listens, if this user may see it."""
    pid = _holder_from_proc(port) if Path("/proc/net/tcp").exists() else _holder_from_lsof(port)
    if pid is None:
        return None
    return f"process {pid} ({_command(pid)[:80]})"


def _command(pid: int) -> str:
    line = Path(f"/proc/{pid}/cmdline")
    if line.exists():
        return line.read_text(encoding="utf-8", errors="replace").replace("\0", " ").strip()
    listed = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607 - macOS has it
    return listed.stdout.strip()


def _holder_from_proc(port: int) -> int | None:
    sockets = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text(encoding="ascii").splitlines()[1:] if Path(table).exists() else ():
            fields = line.split()
            if fields[3] == LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                sockets.add(f"socket:[{fields[9]}]")
    for link in Path("/proc").glob("[0-9]*/fd/*") if sockets else ():
        try:
            if str(link.readlink()) in sockets:
                return int(link.parts[2])
        except OSError:
            continue  # the process ended, or belongs to somebody else
    return None


def _holder_from_lsof(port: int) -> int | None:
    program = shutil.which("lsof")
    if program is None:
        return None
    command = [program, "-nP", "-t", f"-iTCP:{port}", "-sTCP:LISTEN"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a fixed command
    return int(listed.stdout.split()[0]) if listed.stdout.strip() else None
