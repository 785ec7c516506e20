"""How what is good becomes odd: as a value, as a document, and as bytes."""

import copy
import json
import random
import re
from typing import Any

ODD: list[Any] = [
    None, True, False, 0, -1, 1, 100, 101, 2**31 - 1, 2**31, -(2**31) - 1, 2**53 + 1, 2**63, -(2**63) - 1, 2**64, 10**400, 0.1, -0.0, 1e308,
    "", " ", "x", "\x00", "a\x00b", "\x7f", "\u2028", "\u202egate", "é" * 300, "😀", "\ud800", "\udfff\ud800", "a\ud83d", "\ufeff", "\uffff",
    "x" * 5000, "x" * 70_000, "null", "0", "1e3", "NaN", "2026-02-30T00:00:00Z", "9999-12-31T23:59:59+23:59", "0001-01-01T00:00:00-14:00",
    "24:00", "+", "+0", "+" + "9" * 40, "../../etc", "%00", "'; DROP TABLE trips; --", "{{1}}", "$1", ":agency", "VHJpcDo=", "VHJpcDp4",
    "WzEsIngiXQ==", "W10=", "bnVsbA==", "WzFlOTk5LDFd", [], {}, [None], [[]], {"": None}, {"__proto__": {"a": 1}}, {"query": "{ a }"}, [1, "x", {}],
]  # fmt: skip
"""Values at the edges of types, encodings, dates, cursors and ids."""

NAMES = ["first", "last", "after", "before", "filter", "id", "ids", "trips", "nodes", "edges", "node", "viewer", "__schema", "__type", "__typename", "x", "on", "fragment", "events", "null", "true"]  # fmt: skip
PIECES = ["{", "}", "(", ")", "[", "]", "!", "$", "$x", "@skip(if: true)", "@include(if: $x)", "@x", "...", "... on Trip", "...T", "...A", "|", "&", "=", ":", '"', '"""', "#", "\\", "\\u{D800}", '"\\ud800"', "&&", "0", "-1", "00", "1.", "1e999", "99999999999999999999", "\ufeff", "\x00", "é", "😀", "query Q", "mutation", "subscription", "fragment A on Query { ...A }", "type A { b: C }", "extend schema { query: A }", "(first: 100000)", "(first: -1)", "a: viewer { name }"]  # fmt: skip
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\w+|\.\.\.|\s+|.', re.DOTALL)


class Mutations:
    """All by one source of chance."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        # What grows twice grows without end.
        self._has_grown = False

    def value(self, value: Any) -> Any:
        """A JSON value with one to three oddities anywhere in it."""
        value, self._has_grown = copy.deepcopy(value), False
        for _ in range(self._chance.randint(1, 3)):
            value = self._bent(value)
        return value

    def _bent(self, value: Any) -> Any:
        chance = self._chance
        if isinstance(value, dict) and value and chance.random() < 0.85:
            name = chance.choice(list(value))
            match chance.randrange(8):
                case 0:
                    del value[name]
                case 1:
                    value[self._name(name)] = value.pop(name)
                case 2:
                    value[chance.choice(NAMES)] = copy.deepcopy(value[name])
                case 3 if isinstance(value[name], str) and "{" in value[name]:
                    value[name] = self.document(value[name])
                case _:
                    value[name] = self._bent(value[name])
            return value
        if isinstance(value, list) and value and chance.random() < 0.7:
            place = chance.randrange(len(value))
            value[place] = self._bent(value[place])
            times = 1 if self._has_grown else chance.choice([1, 1, 1, 2, 60])
            self._has_grown = self._has_grown or times > 1
            return value * times
        if isinstance(value, str) and "{" in value and chance.random() < 0.8:
            return self.document(value)
        return self._odd(value)

    def _name(self, name: str) -> str:
        return self._chance.choice([name.upper(), f"{name} ", "", f"{name}\x00", "__proto__", "ï", name[:-1]])

    def _odd(self, value: Any) -> Any:
        chance = self._chance
        match chance.randrange(6):
            case 0:
                return [value]
            case 1:
                return {"a": value}
            case 2:
                depth = 2 if self._has_grown else chance.choice([2, 30, 200])
                self._has_grown = self._has_grown or depth > 2
                for _ in range(depth):
                    value = [value] if chance.random() < 0.5 else {"x": value}
                return value
            case _:
                return copy.deepcopy(chance.choice(ODD))

    def document(self, document: str) -> str:
        """A document with tokens lost, doubled, swapped or strange, or one of a strange size."""
        chance = self._chance
        if chance.random() < 0.05:
            return self._giant()
        tokens = _TOKEN.findall(document) or [""]
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(tokens))
            match chance.randrange(6):
                case 0:
                    tokens[place] = ""
                case 1:
                    tokens[place] += " " + tokens[place]
                case 2:
                    other = chance.randrange(len(tokens))
                    tokens[place], tokens[other] = tokens[other], tokens[place]
                case 3:
                    tokens[place] = chance.choice(NAMES)
                case 4:
                    start, end = sorted(chance.randrange(len(tokens)) for _ in range(2))
                    tokens[place] += " ".join(tokens[start : min(end, start + 30)])
                case _:
                    tokens.insert(place, f" {chance.choice(PIECES)} ")
        return "".join(tokens)

    def _giant(self) -> str:
        count = self._chance.choice([50, 200, 900])
        return self._chance.choice([
            "{ trips { nodes { trip: " * count, "{ a" * count, "{ viewer { " + "name " * count + "} }", "{" + " viewer { name }" * count + " }",
            "{ viewer { " + " ".join(f"a{n}: name" for n in range(count)) + " } }", "{ nodes(ids: " + "[" * count + "]" * count + ") { id } }",
            "{ viewer { name " + "@include(if: true) " * count + "} }", "query(" + " ".join(f"$v{n}: Int" for n in range(count)) + ") { viewer { name } }",
            "{ ...F0 } " + " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(min(count, 60))) + " fragment F60 on Query { viewer { name } }",
            "{ trips(first: 100) { nodes { notifications(first: 100) { nodes { trip { notifications(first: 100) { nodes { id } } } } } } } }",
            "#" + "x" * count, '{ trips(after: "' + "\\u0000" * count + '") { totalCount } }', " ".join(["query A { viewer { name } }"] * min(count, 100)),
        ])  # fmt: skip

    def plain(self, value: Any) -> bytes:
        """As JSON, whatever it holds."""
        return json.dumps(value).encode()

    def text(self, value: Any) -> bytes:
        """As JSON, now and then with its bytes broken."""
        chance = self._chance
        text = json.dumps(value, ensure_ascii=chance.random() < 0.7).encode(errors="surrogatepass")
        if chance.random() < 0.75:
            return text
        for _ in range(chance.randint(1, 3)):
            place = chance.randrange(len(text) + 1)
            match chance.randrange(6):
                case 0:
                    text = text[:place]
                case 1:
                    text = text[:place] + bytes([chance.randrange(256)]) + text[place + 1 :]
                case 2:
                    text = text[:place] + text[place + chance.randint(1, 9) :]
                case 3:
                    text = text[:place] + text[max(0, place - 40) :]
                case 4:
                    text = text[:place] + chance.choice([b"[", b"{", b'"', b"\\u", b"\\ud800", b"\xff", b"\x00", b"\xed\xa0\x80", b"NaN", b"-", b"1e9999", b"/**/"]) + text[place:]  # fmt: skip
                case _:
                    text = chance.choice([b"[", b'{"a":', b"[{"]) * chance.choice([3, 2000]) + text
        return text
