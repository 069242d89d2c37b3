"""The real server in a process of its own, on loopback, with an empty home."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def a_free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def an_environment(home: Path, **more: str) -> dict[str, str]:
    home.mkdir(exist_ok=True)
    kept = {key: value for key, value in os.environ.items() if key in ("PATH", "LANG", "TMPDIR")}
    return {**kept, "HOME": str(home), "OMP_NUM_THREADS": "1", **more}


class Server:
    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.port = port
        self.process = process
        self.base = f"http://127.0.0.1:{port}"

    def ask(
        self, path: str, body: bytes | None = None, method: str | None = None, **headers: str
    ) -> tuple[int, bytes]:
        kind = {} if body is None else {"content-type": "application/json"}
        asked = urllib.request.Request(  # noqa: S310 - our own address on loopback
            self.base + path, body, {**kind, **headers}, method=method
        )
        try:
            with _OPENER.open(asked, timeout=30) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read()

    def wait(self, seconds: float = 90.0) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert self.process.poll() is None, "the server ended by itself"
            try:
                if self.ask("/livez")[0] == 200:
                    return
            except OSError:
                time.sleep(0.2)
        raise AssertionError("the server did not answer in time")


@contextmanager
def serving(command, port, log: Path, cwd: Path, environment):
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command, stdout=sink, stderr=sink, cwd=cwd, env=environment, start_new_session=True
        )
        try:
            server = Server(port, process)
            server.wait()
            yield server
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise
    assert "Traceback" not in log.read_text()


def put_in_store(release, environment):
    put = (
        "import shutil, sys\n"
        "from features.telemetry import switch_off_telemetry\n"
        "switch_off_telemetry()\n"
        "import bentoml\n"
        "with bentoml.models.create('vigicell-release') as made:\n"
        "    shutil.copytree(sys.argv[1], made.path, dirs_exist_ok=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", put, str(release)],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def serve(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "serving", "serve", *arguments]
