"""Trusted documents: what an agency's programs ask, agreed beforehand and asked for by its SHA-256.

A manifest is one JSON object, `{"<sha256 in hex>": "<document>", …}`. A request names a document by `documentId`, or as Apollo's
clients do by `extensions.persistedQuery.sha256Hash`; "sha256:" may stand before it.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import orjson
from graphql import GraphQLError, OperationDefinitionNode

from graph import documents
from graph.checks import check
from graph.schema import Schema
from travel.config import ConfigError


class ManifestError(ConfigError):
    """A manifest, or a document for it, that cannot be trusted; the message says which and why."""


def digest(document: str) -> str:
    """By which a document is known."""
    # A text may hold half a character, which is no UTF-8 and in no manifest.
    return hashlib.sha256(document.encode(errors="surrogatepass")).hexdigest()


def named(request: Mapping[str, Any]) -> str | None:
    """The digest that a request of GraphQL names a document by."""
    id_ = request.get("documentId")
    if id_ is None:
        extensions = request.get("extensions")
        persisted = extensions.get("persistedQuery") if isinstance(extensions, dict) else None
        id_ = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
    return id_.lower().removeprefix("sha256:") if isinstance(id_, str) else None


class Trusted:
    """The documents of a manifest; with `only`, nothing else is executed."""

    def __init__(self, texts: Mapping[str, str] | None = None, *, only: bool = False) -> None:
        self._texts = texts
        self._only = only

    @classmethod
    def of(cls, schema: Schema, path: Path | None, *, only: bool) -> Self:
        """The manifest in a file, verified; raises ManifestError."""
        if path is None:
            return cls(only=only)
        try:
            texts = orjson.loads(path.read_bytes())
        except (OSError, orjson.JSONDecodeError) as wrong:
            raise ManifestError(f"{path} is no manifest: {wrong}.") from None
        if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
            raise ManifestError(f"{path} is no manifest: it must be an object of documents by their SHA-256.")
        for name, text in texts.items():
            if digest(text) != name:
                raise ManifestError(f"{path}: the document under {name[:64]!r} has the SHA-256 {digest(text)}.")
            _verify(schema, f"{path}: {name[:12]}…", text)
        return cls(texts, only=only)

    def text(self, request: Mapping[str, Any]) -> str:
        """The document that a request means; raises GraphQLError.

        | it has                          | answer                                             |
        |---------------------------------|----------------------------------------------------|
        | a digest that is known          | the document                                       |
        | a digest that is not, no text   | PersistedQueryNotFound                             |
        | a text, and a digest of another | an error                                           |
        | a text                          | the text; with `only`, if the manifest has it too  |
        """
        name, query = named(request), request.get("query")
        if isinstance(query, str):
            own = digest(query) if self._only or name is not None else ""
            if name is not None and name != own:
                raise _refused("HASH_MISMATCH", f"The document has the SHA-256 {own}, not the one that is given.")
            if self._only and own not in (self._texts or {}):
                raise _refused("UNTRUSTED_DOCUMENT", "Only documents of this server's manifest are executed.")
            return query
        assert name is not None, "a request has a document or names one"
        if self._texts is None:
            raise _refused("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported: this server has no manifest.")
        if name not in self._texts:
            raise _refused(
                "PERSISTED_QUERY_NOT_FOUND", f"PersistedQueryNotFound: the manifest has no document {name[:64]!r}."
            )
        return self._texts[name]


def manifest(schema: Schema, files: Iterable[Path]) -> dict[str, str]:
    """The manifest of documents in files, one in each, without the white space at its ends; raises ManifestError."""
    texts = {}
    for path in files:
        try:
            text = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as wrong:
            raise ManifestError(f"{path} cannot be read: {wrong}.") from None
        _verify(schema, str(path), text)
        texts[digest(text)] = text
    return texts


def _verify(schema: Schema, where: str, text: str) -> None:
    wrong = check(schema._schema, text, open_=False)
    if wrong:
        raise ManifestError(f"{where} is not valid: {wrong[0].message}")
    if not any(isinstance(each, OperationDefinitionNode) for each in documents.read(text).definitions):
        raise ManifestError(f"{where} holds no operation.")


def _refused(code: str, message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": code})
