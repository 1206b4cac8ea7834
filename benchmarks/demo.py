"""From nothing to the first page: ``shopkeeper demo`` in a fresh folder, its time and its memory.

    python -m benchmarks.demo [--port 8099]

Prints the seconds from the start of the import to the first homepage answered over HTTP, and the largest
resident memory of the process that imports, trains and serves.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

WAIT_SECONDS = 1_200


def main() -> None:
    """Run the demonstration, wait for its page, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8099)
    port = parser.parse_args().port
    # The snapshot of customers that begins as the shop serves may outlive it.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = [
            sys.executable,
            "-m",
            "shopkeeper",
            "demo",
            "--folder",
            f"{folder}/shop",
            "--port",
            str(port),
        ]
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            size = first_page(process, f"http://127.0.0.1:{port}/")
            seconds, peak = time.perf_counter() - start, peak_mb(process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
    print(json.dumps({"seconds": round(seconds, 1), "peak_rss_mb": round(peak), "first_page_bytes": size}))


def first_page(process: "subprocess.Popen[bytes]", url: str) -> int:
    """Size of the first homepage that answers."""
    for _ in range(WAIT_SECONDS * 5):
        if process.poll() is not None:
            raise SystemExit(f"The demonstration ended with {process.returncode}.")
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return len(answer.read())
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    raise SystemExit(f"No page after {WAIT_SECONDS} s.")


def peak_mb(pid: int) -> float:
    """Largest resident memory of a process so far (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
