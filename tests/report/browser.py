"""A headless browser that opens one file, and what it asked the network for meanwhile."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

PROGRAM = shutil.which("chromium") or shutil.which("google-chrome")

SETTINGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    # No request gets anywhere; each is noted all the same.
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--enable-logging=stderr",
    "--window-size=1280,2000",
    # So long the page may wait for its own timers; it takes no real time.
    "--virtual-time-budget=30000",
)

#: What stands for the origin of a request that the browser makes by itself, to its maker.
OWN = "not an origin"


@dataclass(frozen=True)
class Opened:
    """A page after its scripts have run: its content, what it said on the console, and which addresses it asked for."""

    html: str
    console: list[str]
    requests: list[str]

    def elements(self, tag: str) -> list[dict[str, str | None]]:
        """Attributes of all elements of a kind."""
        found: list[dict[str, str | None]] = []

        class Parser(HTMLParser):
            def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
                if name == tag:
                    found.append(dict(attributes))

        Parser().feed(self.html)
        return found

    def text_of(self, identity: str) -> str:
        """The text of the element of this id, which has no other element in it."""
        (text,) = re.findall(rf'id="{identity}"[^>]*>([^<]*)<', self.html)
        return str(text)


def open_page(page: Path, folder: Path) -> Opened:
    """Open a file by itself, wait for what it does, and return what became of it.

    folder: one that the browser may write to, and makes.
    """
    assert PROGRAM is not None, "on Debian, tests/report/install.sh installs Chromium"
    log = folder / "requests.json"
    folder.mkdir()
    done = subprocess.run(
        [PROGRAM, *SETTINGS, f"--user-data-dir={folder}", f"--log-net-log={log}", "--dump-dom", page.as_uri()],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=True,
    )
    console = [line.split("CONSOLE", 1)[1] for line in done.stderr.splitlines() if "CONSOLE" in line]
    asked = [event.get("params", {}) for event in json.loads(log.read_text())["events"]]
    requests = {event["url"] for event in asked if event.get("initiator", OWN) != OWN}
    return Opened(done.stdout, console, sorted(url for url in requests if not url.startswith(("data:", "file:"))))
