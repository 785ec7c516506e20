"""What is pushed compiles, imports, is checked before it is used, and claims no more than its commands show."""

import ast
import importlib
import re
import socket
import subprocess
import sys
import tomllib

import pytest
import pytest_socket

from cli.main import app
from tests.incidents import ROOT
from travel import metrics

PRODUCT = ("cli", "server", "graph", "jobs", "travel", "sandbox", "benchmarks")
PACKAGES = (*PRODUCT, "migrations", "tests")
DOCUMENTS = ("README.md", "docs/delivery.md")


def tracked() -> list[str]:
    """Every file of the repository; where it came as an archive, every file that git would not ignore."""
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        ignored = {line.strip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").split()}
        files = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
        return [str(path) for path in files if not ignored & set(path.parts) and path.suffix != ".pyc"]
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]


def modules() -> list[str]:
    """Every module of the product and its tools, by its dotted name."""
    files = [path for package in PRODUCT for path in (ROOT / package).rglob("*.py")]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in files]
    return sorted(name.removesuffix(".__init__") for name in names)


def documents() -> str:
    return "\n".join((ROOT / name).read_text(encoding="utf-8") for name in DOCUMENTS)


def test_every_file_compiles_for_the_oldest_python_that_is_promised():
    broken = []
    for name in tracked():
        if name.endswith(".py"):
            source = (ROOT / name).read_text(encoding="utf-8")
            try:
                ast.parse(source, name, feature_version=(3, 11))
            except SyntaxError as wrong:
                broken.append(f"{name}:{wrong.lineno}")
    assert broken == []


def test_every_module_can_be_imported():
    names = [name for name in modules() if not name.endswith((".__main__", ".env"))]
    assert len(names) > 100
    for name in names:
        importlib.import_module(name)


def test_every_module_that_an_import_names_is_there():
    """Of our own packages, also where the import stands inside a function and so is met by nobody at the start."""
    missing = []
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in PACKAGES):
                continue
            home = ROOT / node.module.replace(".", "/")
            if not (home.with_suffix(".py").exists() or (home / "__init__.py").exists()):
                missing.append(f"{path.relative_to(ROOT)}: {node.module}")
    assert missing == []


def test_the_repository_holds_no_environment_and_no_leavings():
    leavings = re.compile(
        r"(^|/)(site-packages|\.?venv|node_modules|__pycache__|\.bauhaus)(/|$)|pyvenv\.cfg$|\.pyc$|(^|/)\.env$"
    )
    assert [name for name in tracked() if leavings.search(name)] == []


def test_what_is_installed_is_pinned_with_its_hash():
    for name in ("base", "dev", "build"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        blocks = [block for block in re.split(r"^(?=\w)", text, flags=re.MULTILINE) if re.match(r"\w", block)]
        # One package may be pinned twice, for different versions of Python.
        pins = {re.sub(r"==\S+", "", block.split("\\")[0]).strip().lower() for block in blocks}
        assert len(pins) == len(blocks) > 0, f"{name}.txt pins something twice"
        assert [block for block in blocks if "--hash=sha256:" not in block or "==" not in block] == []


def test_ci_lints_checks_types_and_runs_every_test_and_stops_at_the_first_fault():
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "set -euo pipefail" in ci
    assert re.findall(r"^make ([\w-]+)$", ci, re.MULTILINE) == ["lint", "test", "test-portal"]
    lint = (ROOT / "Makefile").read_text(encoding="utf-8").split("\nlint:")[1].split("\n\n")[0]
    for tool in ("ruff format --check", "ruff check", "mypy", "lint-imports", "diff schema.graphql"):
        assert tool in lint
    assert "|| true" not in lint
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    assert "F" in rules["ruff"]["lint"]["select"], "an undefined name (F821) fails"
    assert rules["mypy"]["strict"] is True
    assert rules["pytest"]["ini_options"]["filterwarnings"] == ["error"]


def test_no_test_reaches_the_world_outside():
    with pytest.raises((pytest_socket.SocketConnectBlockedError, UserWarning), match=r"192\.0\.2\.1"):
        socket.create_connection(("192.0.2.1", 80), timeout=0.1)


def test_a_failing_test_fails_the_run(tmp_path):
    """Scripts that printed success whatever happened were taken for tests."""
    (tmp_path / "test_wrong.py").write_text("def test_wrong():\n    assert 1 == 2\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "1 failed" in ran.stdout


def test_every_command_that_the_documents_name_is_there():
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    said = set(re.findall(r"`make ([a-z-]+)[^`]*`|^make ([a-z-]+)$", documents(), re.MULTILINE))
    named = {first or second for first, second in said}
    assert {"dev", "test", "check", "chaos", "bench"} <= named
    assert named <= targets
    known = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    known |= {group.name for group in app.registered_groups}
    assert set(re.findall(r"^bauhaus ([a-z]+)|`bauhaus ([a-z]+)`", documents(), re.MULTILINE)) != set()
    for first, second in re.findall(r"^bauhaus ([a-z]+)|`bauhaus ([a-z]+)`", documents(), re.MULTILINE):
        assert (first or second) in known


def test_every_metric_that_the_documents_name_is_counted():
    kept = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "travel").rglob("*.py"))
    counted = set(re.findall(r"(?:Counter|Gauge|Histogram)\(\s*\"(bauhaus_[a-z_]+)\"", kept))
    named = {name.removesuffix("_total") for name in re.findall(r"\bbauhaus_[a-z_]+[a-z]\b", documents())}
    assert metrics.looks._name in counted
    assert named - {"bauhaus_login", "bauhaus_owner"} <= counted
    assert len(named) >= 4


def test_every_file_that_the_documents_name_is_there():
    named = set(re.findall(r"`((?:tests|docs|travel|sandbox)/[\w./-]+\.\w+)`|\((docs/[\w./-]+)\)", documents()))
    paths = {first or second for first, second in named}
    assert len(paths) >= 5
    assert {path for path in paths if not (ROOT / path).exists()} == set()
