"""What the portal asks stands in files, is valid, and can be trusted; what the types say of it is true."""

from collections import defaultdict
from pathlib import Path

import pytest
from graphql import FragmentDefinitionNode, OperationDefinitionNode, print_ast, validate

from graph import schema as graph_schema
from graph import trusted
from tests.portal import typed

FILES = typed.documents()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_document_is_valid_and_named_as_its_file(path: Path) -> None:
    assert validate(typed.schema(), FILES[path]) == []
    operations = [each for each in FILES[path].definitions if isinstance(each, OperationDefinitionNode)]
    assert [each.name and each.name.value for each in operations] == [path.stem]


def test_a_fragment_is_the_same_in_every_document() -> None:
    texts = defaultdict(set)
    for document in FILES.values():
        for node in document.definitions:
            if isinstance(node, FragmentDefinitionNode):
                texts[node.name.value].add(print_ast(node))
    assert {name for name, found in texts.items() if len(found) > 1} == set()


def test_the_documents_make_a_manifest() -> None:
    made = trusted.manifest(graph_schema.build(), FILES)
    assert len(made) == len(FILES) > 0
    # The browser sends what a file holds without the white space at its ends.
    assert set(made.values()) == {path.read_text(encoding="utf-8").strip() for path in FILES}


def test_the_types_are_those_of_the_documents() -> None:
    assert typed.TYPES.read_text(encoding="utf-8") == typed.declarations(), "python -m tests.portal.typed"


def test_nothing_is_asked_that_stands_in_no_file() -> None:
    for path in typed.PAGES.rglob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert "innerHTML" not in text, path
        assert "query {" not in text, path
        assert len(text.splitlines()) < 200 or path.parent.name == "words", path
