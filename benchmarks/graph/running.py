"""Peers as processes of this machine: installed, started, measured and ended."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sandbox.services import free_port

PEERS = Path(__file__).parent / "peers"
READY_SECONDS, INSTALL_SECONDS = 20.0, 300
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A server to be beside: a module of `peers/`, or a file of it for Node."""

    name: str
    source: str

    @property
    def is_node(self) -> bool:
        """Whether it needs Node and what npm brings."""
        return self.source.endswith(".mjs")

    def command(self) -> list[str]:
        """What starts it."""
        if not self.is_node:
            return [sys.executable, "-m", f"benchmarks.graph.peers.{self.source}"]
        return [shutil.which("node") or "node", str(PEERS / self.source)]


@dataclass(frozen=True, kw_only=True)
class Running:
    """A process that listens on a port of 127.0.0.1."""

    pid: int
    port: int
    words: IO[bytes] | None = None
    """A peer's standard input."""

    def begin(self) -> None:
        """Let a peer publish its events."""
        if self.words is not None:
            self.words.write(b"begin\n")
            self.words.flush()

    def spent(self) -> float | None:
        """CPU seconds so far, in user and kernel, of all its threads; None where the system has no /proc."""
        try:
            stat = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        # The name in parentheses may hold anything; utime and stime are the 14th and 15th field.
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


@contextmanager
def running(peer: Peer, environment: dict[str, str]) -> Iterator[Running]:
    """Start a peer and wait until it listens; it ends with the block, or with us, should we be killed."""
    port = free_port()
    given = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    given |= environment | {"PORT": str(port), "NODE_ENV": "production"}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(peer.command(), env=given, stdin=subprocess.PIPE, stdout=log, stderr=log)
        try:
            try:
                _wait(process, port)
                yield Running(pid=process.pid, port=port, words=process.stdin)
            finally:
                _end(process)
        except Exception as failed:
            log.seek(0)
            failed.add_note(f"{peer.name} said: {log.read()[-2000:].decode(errors='replace')}")
            raise


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    assert process.stdin is not None
    process.stdin.close()


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"It does not listen on its port; exit code: {process.poll()}")


def node_lacks() -> str | None:
    """Install the peers on Node as the lock says; why there are none, if so."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        return "Node and npm are not installed"
    lock, installed = PEERS / "package-lock.json", PEERS / "node_modules" / ".package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return None
    try:
        subprocess.run([npm, "ci", "--loglevel=error"], cwd=PEERS, check=True, timeout=INSTALL_SECONDS)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as failed:
        return f"npm ci failed: {failed}"
    return None
