"""Keeps one server for the process that asked for it, and ends it with that process, however that one ends.

The asking process holds a `Kept`, which runs this file as a program of its own, in its own session so that
Ctrl-C in a terminal does not reach it. The program's standard input is a pipe whose other end only the asking
process holds: when that process stops, is terminated or is killed with -9, the pipe ends, and the keeper
stops the server and removes its folder.

One line of JSON asks, one line answers:
    {"do": "start", "argv": […]}      {"pid": 123}          a server, or a program such as initdb
    {"do": "wait", "seconds": 0.1}    {"exit_code": null}   null while it runs
    {"do": "stop", "signal": 2}       {"exit_code": 0}
and {"error": "…"} when the operating system refused.
"""

import contextlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

# How long a server may take to obey one signal before the next, harder one.
PATIENCE_SECONDS = 5.0


class Kept:
    """The asking end of the pipe. Raises `OSError` where the keeper, or the system it asked, refused."""

    def __init__(self) -> None:
        # -I and -S: the keeper needs nothing but the standard library, and starts sooner without the rest.
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
            text=True,
        )
        try:
            self.folder = Path(self._answer()["folder"])
        except BaseException:
            self.close()
            raise

    def start(self, argv: list[str]) -> int:
        """Start a program with its output in the folder's `log`, and say its pid."""
        return int(self._ask("start", argv=argv)["pid"])

    def wait(self, seconds: float) -> int | None:
        """The exit code of the program started last, or None if it still runs after so many seconds."""
        exit_code: int | None = self._ask("wait", seconds=seconds)["exit_code"]
        return exit_code

    def stop(self, first: signal.Signals) -> None:
        self._ask("stop", signal=first)

    def close(self) -> None:
        """End the program and its folder. Closing twice is no error."""
        assert self._keeper.stdin
        assert self._keeper.stdout
        self._keeper.stdin.close()
        self._keeper.wait()
        self._keeper.stdout.close()

    def hand_over(self, *paths: Path) -> None:
        """Give files to the account that the program runs as, which owns the folder."""
        owner = self.folder.stat()
        for path in paths:
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)

    def _ask(self, do: str, **what: object) -> dict[str, Any]:
        assert self._keeper.stdin
        self._keeper.stdin.write(json.dumps({"do": do, **what}) + "\n")
        self._keeper.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._keeper.stdout
        answer: dict[str, Any] = json.loads(self._keeper.stdout.readline() or '{"error": "its keeper ended"}')
        if "error" in answer:
            raise OSError(answer["error"])
        return answer


class Keeper:
    """The other end: the parent of the program."""

    def __init__(self, folder: Path, account: pwd.struct_passwd | None) -> None:
        self._folder = folder
        # An account is only there when we are root, and then our own groups must not go with it.
        self._as_account: dict[str, Any] = {}
        if account:
            self._as_account = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        self._child: subprocess.Popen[bytes] | None = None

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        match asked:
            case {"do": "start", "argv": [*argv]}:
                return {"pid": self._start(argv)}
            case {"do": "wait", "seconds": seconds}:
                return {"exit_code": self._wait(seconds)}
            case {"do": "stop", "signal": number}:
                return {"exit_code": self.stop(signal.Signals(number))}
        raise ValueError(asked)

    def stop(self, first: signal.Signals) -> int | None:
        """Signal harder until the child is gone. To PostgreSQL, SIGINT means fast and SIGQUIT immediate."""
        if self._child is None:
            return None
        for number in (first, signal.SIGQUIT, signal.SIGKILL):
            self._child.send_signal(number)
            if self._wait(PATIENCE_SECONDS) is not None:
                break
        return self._child.returncode

    def _start(self, argv: list[str]) -> int:
        # Nothing of our environment: the PGDATA of whoever starts us must not change the server.
        environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
        with (self._folder / "log").open("ab") as log:
            self._child = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env=environment,
                **self._as_account,
            )
        return self._child.pid

    def _wait(self, seconds: float) -> int | None:
        assert self._child
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._child.wait(seconds)
        return None


def account_for_servers() -> pwd.struct_passwd | None:
    """The account to run as instead of root, or None where we are not root.

    PostgreSQL refuses root, and its initdb refuses a uid that passwd does not know (`getpwuid`). So it is an
    account that is there already: nobody, or else any that is not root.
    """
    if os.geteuid() != 0:
        return None
    others = [account for account in pwd.getpwall() if account.pw_uid != 0]
    return next((account for account in others if account.pw_name == "nobody"), others[0])


@contextlib.contextmanager
def temporary_folder(account: pwd.struct_passwd | None) -> Iterator[Path]:
    base = Path(tempfile.gettempdir()).resolve()
    if account and not all(folder.stat().st_mode & 0o001 for folder in (base, *base.parents)):
        base = Path("/tmp")  # noqa: S108  The folder that mkdtemp makes in it is private.
    folder = Path(tempfile.mkdtemp(prefix="bauhaus-", dir=base))
    try:
        if account:
            os.chown(folder, account.pw_uid, account.pw_gid)
        yield folder
    finally:
        # A server that had to be killed leaves children, which may write for a moment longer.
        deadline = time.monotonic() + PATIENCE_SECONDS
        shutil.rmtree(folder, ignore_errors=True)
        while folder.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
            shutil.rmtree(folder, ignore_errors=True)


def say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def leave(number: int, frame: FrameType | None) -> None:
    sys.exit(0)


def keep() -> None:
    account = account_for_servers()
    with temporary_folder(account) as folder:
        keeper = Keeper(folder, account)
        try:
            say({"folder": str(folder)})
            for line in sys.stdin:
                try:
                    say(keeper.answer(json.loads(line)))
                except OSError as refused:
                    say({"error": str(refused)})
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            keeper.stop(signal.SIGINT)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, leave)
    try:
        keep()
    except OSError as no_folder:
        say({"error": str(no_folder)})
