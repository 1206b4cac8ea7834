"""Fenced blocks of the documentation, and how to run them as a reader would."""

import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = Path(sys.executable).parent
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PORT = re.compile(r"--port (\d+)|127\.0\.0\.1:(\d+)|localhost:(\d+)")


@dataclass(frozen=True)
class Block:
    """One fenced block: its language and its text."""

    language: str
    text: str


def blocks(page: Path) -> list[Block]:
    """Blocks of a page that a reader can run, in order: those in ``sh`` and ``python``."""
    found = [Block(language, text) for language, text in _BLOCK.findall(page.read_text(encoding="utf-8"))]
    return [block for block in found if block.language in ("sh", "python")]


@dataclass
class Reader:
    """Somebody who copies every block of a page into a terminal, in one folder, top to bottom.

    Ports named in a page are replaced by a free one, so that pages can be read side by side.
    """

    folder: Path
    said: str = ""
    _port: int = 0
    _servers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def follow(self, page: Path) -> None:
        """Run every block; a command or script that fails is an AssertionError with all it said."""
        try:
            for block in blocks(page):
                if block.language == "python":
                    self._run([sys.executable, "-W", "error", "-c", self._ported(block.text)], block.text)
                else:
                    self._shell(block.text)
        finally:
            for server in self._servers:
                server.terminate()
                server.wait(20)

    def _shell(self, text: str) -> None:
        for line in re.sub(r"\\\n\s*", "", text).splitlines():
            command = self._ported(line.split(" #")[0].strip())
            if command.startswith("shopkeeper serve"):
                self._serve(command)
            elif command:
                self._run(["bash", "-euo", "pipefail", "-c", command], command)

    def _run(self, command: list[str], shown: str) -> None:
        done = subprocess.run(
            command, cwd=self.folder, env=_environment(), capture_output=True, text=True, timeout=240
        )
        self.said += done.stdout
        assert done.returncode == 0, f"{shown}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"

    def _ported(self, text: str) -> str:
        if _PORT.search(text) and not self._port:
            self._port = _free_port()
        return _PORT.sub(lambda found: re.sub(r"\d+$", str(self._port), found[0]), text)

    def _serve(self, command: str) -> None:
        if "--port" not in command:
            self._port = self._port or _free_port()
            command += f" --port {self._port}"
        log = (self.folder / "serve.log").open("wb")
        with log:
            server = subprocess.Popen(
                ["bash", "-c", f"exec {command}"], cwd=self.folder, env=_environment(), stdout=log, stderr=log
            )
        self._servers.append(server)
        self._wait(server)

    def _wait(self, server: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and server.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/health/ready", timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise AssertionError((self.folder / "serve.log").read_text())


def _environment() -> dict[str, str]:
    return {"PATH": f"{COMMANDS}:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/nonexistent", "NO_COLOR": "1"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
