"""A headless Chromium, driven over its own debugging protocol: nothing is installed but the browser itself."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from websockets.sync.client import ClientConnection, connect

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
NEEDED = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.skipif(PROGRAM is None, reason="Chromium is not installed (apt-get install chromium)"),
]
"""Marks of a module whose tests use it."""
Json: TypeAlias = Any
PATIENCE = 60.0
"""Seconds without any change: on a busy machine everything is late, but something moves."""
LONGEST = 180.0
MOVES = "[document.readyState, document.body?.innerText, document.querySelector('[data-test-script-state]')?.dataset]"


class Navigated(RuntimeError):
    """The page was left while it was asked."""


class Page:
    """One tab."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._last = 0
        self.complaints: list[str] = []  # what the page wrote to its console as an error
        self.asked: list[str] = []  # addresses that were fetched
        for domain in ("Page", "Runtime", "DOM", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Json) -> Json:
        self._last += 1
        self._connection.send(json.dumps({"id": self._last, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._connection.recv(timeout=PATIENCE))
            if message.get("id") == self._last:
                if "error" in message:
                    error = Navigated if "navigated" in message["error"]["message"] else RuntimeError
                    raise error(f"{method}: {message['error']}")
                return message["result"]
            self._note(message)

    def _note(self, message: dict[str, Json]) -> None:
        match message.get("method"):
            case "Log.entryAdded" if message["params"]["entry"]["level"] == "error":
                self.complaints.append(message["params"]["entry"]["text"])
            case "Runtime.exceptionThrown":
                self.complaints.append(message["params"]["exceptionDetails"]["text"])
            case "Network.requestWillBeSent":
                self.asked.append(message["params"]["request"]["url"])

    def size(self, width: int, height: int) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def open(self, url: str) -> None:
        self.call("Page.navigate", url=url)

    def reload(self) -> None:
        self.call("Page.reload")

    def run(self, script: str) -> Json:
        """Return the value of an expression."""
        done = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in done:
            raise RuntimeError(str(done["exceptionDetails"]))
        return done["result"].get("value")

    def wait(self, script: str) -> Json:
        """Wait until an expression is true, and return its value; give up when the page has not changed for long."""
        begun = changed = time.monotonic()
        seen: Json = None
        while (now := time.monotonic()) - changed < PATIENCE and now - begun < LONGEST:
            with suppress(Navigated):
                if value := self.run(script):
                    return value
                shown = (len(self.asked), self.run(f"JSON.stringify({MOVES})"))
                if shown != seen:
                    seen, changed = shown, now
            time.sleep(0.05)
        raise AssertionError(f"never true: {script}\n{self.text()}")

    def text(self) -> str:
        return str(self.run("document.body ? document.body.innerText : ''"))

    def see(self, text: str) -> None:
        self.wait(f"document.body && document.body.innerText.includes({json.dumps(text)})")

    def settle(self) -> None:
        """Wait until Streamlit has nothing more to do: a click on what is about to be replaced is lost."""
        self.wait("document.querySelector('[data-test-script-state=notRunning]')?.isConnected")
        time.sleep(0.2)
        self.wait("document.querySelector('[data-test-script-state=notRunning]')?.isConnected")

    def click(self, selector: str, text: str = "", *, at_once: bool = False) -> None:
        """Click the first visible element that fits and holds the text, as a mouse would."""
        found = (
            f"[...document.querySelectorAll({json.dumps(selector)})].find(e => e.offsetParent !== null && "
            f"e.innerText.includes({json.dumps(text)}))"
        )
        self.wait(f"!!{found}")
        if not at_once:
            self.settle()
        self.wait(f"(e => e && (e.scrollIntoView({{block: 'center'}}), true))({found})")
        time.sleep(0.2)
        box = self.wait(f"(r => r && [r.x + r.width / 2, r.y + r.height / 2])({found}?.getBoundingClientRect())")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)

    def type(self, selector: str, text: str) -> None:
        self.wait(f"!!document.querySelector({json.dumps(selector)})")
        self.run(f"document.querySelector({json.dumps(selector)}).focus()")
        self.call("Input.insertText", text=text)

    def press(self, key: str, code: int, text: str = "", *, name: str = "", held: int = 0) -> None:
        """Press a key. `name` is that of its place on the keyboard, `held` the sum of what is held down with it."""
        common = {"key": key, "windowsVirtualKeyCode": code, "code": name or key, "modifiers": held}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def fits(self) -> bool:
        """Whether the page cannot be scrolled sideways: neither as a whole nor the part that scrolls by itself."""
        return bool(
            self.run(
                "(part => { for (; part; part = part.parentElement) "
                "if (part.scrollWidth > part.clientWidth) return false; return true; })"
                "(document.querySelector('[data-testid=stMainBlockContainer]'))"
            )
        )

    def heads(self, text: str) -> bool:
        """Whether a heading with the text is in sight, and nothing lies over it."""
        return bool(
            self.run(
                "[...document.querySelectorAll('h1, h2, h3')].some(heading => {"
                f"if (!heading.innerText.includes({json.dumps(text)})) return false;"
                "const box = heading.getBoundingClientRect();"
                "const top = document.elementFromPoint(box.x + 5, box.y + box.height / 2);"
                "return box.right <= innerWidth && !!top && (heading.contains(top) || top.contains(heading)); })"
            )
        )

    def download(self, folder: Path, selector: str, text: str) -> bytes:
        """Click what starts a download, and return the file that comes into a new folder."""
        folder.mkdir()
        self.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
        self.click(selector, text)
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            for file in folder.glob("[!.]*"):
                if file.suffix != ".crdownload":  # that is one of which the end has not come
                    return file.read_bytes()
            time.sleep(0.05)
        raise AssertionError(f"nothing was downloaded\n{self.text()}")

    def attach(self, selector: str, *files: Path) -> None:
        """Choose files for an input."""
        self.wait(f"!!document.querySelector({json.dumps(selector)})")
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(file) for file in files])

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))


@contextmanager
def chromium() -> Iterator[Page]:
    """Start a browser, and end it with all that it started."""
    if PROGRAM is None:
        raise RuntimeError("there is no Chromium on this machine")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [
            PROGRAM, "--headless=new", "--remote-debugging-port=0", f"--user-data-dir={profile}", "--no-first-run",
            "--disable-gpu", "--disable-dev-shm-usage", "--disable-extensions", "--disable-background-networking",
            "--no-proxy-server", "about:blank",
        ]  # fmt: skip
        if os.geteuid() == 0:
            command.insert(1, "--no-sandbox")  # Chromium refuses to run as root with it, as in a container
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            with connect(_address(Path(profile) / "DevToolsActivePort"), max_size=None, proxy=None) as connection:
                yield Page(connection)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _address(file: Path) -> str:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        if file.exists() and "\n" in (text := file.read_text()):
            port = text.splitlines()[0]
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(f"http://127.0.0.1:{port}/json/list", timeout=PATIENCE) as listed:
                tabs = json.load(listed)
            pages = [tab for tab in tabs if tab["type"] == "page"]
            if pages:
                return str(pages[0]["webSocketDebuggerUrl"])
        time.sleep(0.05)
    raise RuntimeError("Chromium did not start")
