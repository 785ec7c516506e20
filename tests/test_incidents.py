"""Every case of the incidents is held by tests that exist and run, or is named as owed."""

import ast
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from tests.incidents import INCIDENTS, NUMBERS, OWED, ROOT

UNRUN = {"skip", "skipif", "xfail"}


def faults(
    root: Path, numbers: Iterable[int], held: Mapping[int, tuple[str, ...]], owed: Mapping[int, str]
) -> list[str]:
    """What is wrong with the two tables, in words."""
    known = set(numbers)
    found = [f"{number} is in neither table" for number in sorted(known - held.keys() - owed.keys())]
    found += [f"{number} is in both tables" for number in sorted(held.keys() & owed.keys())]
    found += [f"{number} is no case" for number in sorted((held.keys() | owed.keys()) - known)]
    found += [f"{number} is held by no test" for number, nodes in held.items() if not nodes]
    found += [f"{number} is owed by nothing" for number, part in owed.items() if not part.strip()]
    for number, nodes in held.items():
        found += [f"{number}: {wrong}" for node in nodes if (wrong := fault(root, node))]
    return found


def fault(root: Path, node: str) -> str | None:
    """What is wrong with a test's name."""
    path, _, name = node.partition("::")
    if not (root / path).is_file():
        return f"there is no file {path}"
    tests = named_in(root / path)
    if name not in tests:
        return f"there is no test {name} in {path}"
    return None if tests[name] else f"{name} is not run"


@cache
def named_in(path: Path) -> Mapping[str, bool]:
    """The tests of a file, read and not run, and whether they are run."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    marks = [each.value for each in tree.body if isinstance(each, ast.Assign) and is_named(each.targets, "pytestmark")]
    return {
        each.name: not any(map(is_unrun, (*marks, *each.decorator_list)))
        and not any(isinstance(inner, ast.Call) and calls_off(inner) for inner in ast.walk(each))
        for each in tree.body
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.name.startswith("test_")
    }


def is_named(targets: Iterable[ast.expr], name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)


def is_unrun(mark: ast.expr) -> bool:
    """Whether a decorator or mark keeps a test, or one of its cases, from counting."""
    return any(isinstance(each, ast.Attribute) and each.attr in UNRUN for each in ast.walk(mark))


def calls_off(call: ast.Call) -> bool:
    """Whether it is `pytest.skip(...)` or `pytest.xfail(...)`."""
    of = call.func
    return isinstance(of, ast.Attribute) and of.attr in UNRUN and is_named([of.value], "pytest")


def test_every_incident_is_held_by_tests_that_run_or_is_named_as_owed() -> None:
    assert faults(ROOT, NUMBERS, INCIDENTS, OWED) == []


def test_a_table_with_holes_is_found_out(tmp_path: Path) -> None:
    (tmp_path / "test_made_up.py").write_text(
        """
import pytest

def test_good(): pass

@pytest.mark.skip(reason="not now")
def test_skipped(): pass

@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.xfail)])
async def test_fails(x): pass

def test_gives_up(): pytest.skip("not now")
""",
        encoding="utf-8",
    )
    (tmp_path / "test_all_off.py").write_text(
        "import pytest\npytestmark = pytest.mark.skip\ndef test_off(): pass\n", encoding="utf-8"
    )
    held = {
        1: ("test_made_up.py::test_good",),
        2: ("test_nowhere.py::test_good",),
        3: ("test_made_up.py::test_unheard_of",),
        4: ("test_made_up.py::test_good", "test_made_up.py::test_skipped"),
        5: ("test_made_up.py::test_fails",),
        6: ("test_made_up.py::test_gives_up",),
        7: ("test_all_off.py::test_off",),
        8: (),
        9: ("test_made_up.py::test_good",),
        99: ("test_made_up.py::test_good",),
    }
    assert faults(tmp_path, range(1, 13), held, {9: "a part", 10: " ", 12: "another part"}) == [
        "11 is in neither table",
        "9 is in both tables",
        "99 is no case",
        "8 is held by no test",
        "10 is owed by nothing",
        "2: there is no file test_nowhere.py",
        "3: there is no test test_unheard_of in test_made_up.py",
        "4: test_skipped is not run",
        "5: test_fails is not run",
        "6: test_gives_up is not run",
        "7: test_off is not run",
    ]


def test_a_table_in_order_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "test_made_up.py").write_text("def test_good(): pass\n", encoding="utf-8")
    assert faults(tmp_path, [1, 2], {1: ("test_made_up.py::test_good",)}, {2: "a part"}) == []
