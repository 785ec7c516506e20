"""Inputs by a seed: requests as raw bytes, and conversations over a socket."""

import random
from typing import Any

from tests.fuzz.mutations import Mutations
from tests.fuzz.seeds import PAYLOADS, STREAMS

Frame = bytes | str | list[str]
"""Binary if it is bytes, text if it is text, and text in fragments if it is a list."""

ACCEPTS = ["application/json", "application/graphql-response+json", "*/*", "text/event-stream", "text/html", ",;q=,", "application/json;q=x", "é"]  # fmt: skip
TYPES = ["application/json", "application/json; charset=utf-8", "application/json;charset=latin-1", "text/plain", "multipart/form-data", ""]  # fmt: skip
METHODS = ["GET", "PUT", "HEAD", "OPTIONS", "DELETE", "PATCH", "TRACE", "BREW"]


class Inputs:
    """One stream of chance; the same seed says the same things."""

    def __init__(self, seed: int, key: str) -> None:
        self._chance = random.Random(seed)
        self._mutations = Mutations(self._chance)
        self._key = key

    def _mostly(self, usual: str, odd: list[str]) -> str:
        return usual if self._chance.random() < 0.9 else self._chance.choice(odd)

    def _payload(self) -> Any:
        given = self._chance.choice(PAYLOADS * 3 + STREAMS)
        return given if self._chance.random() < 0.1 else self._mutations.value(given)

    def request(self) -> bytes:
        """A request to /graphql as it goes over the wire, well framed, so that the next one can follow it."""
        body = self._mutations.text(self._payload())
        keys = [
            f"bearer  {self._key} ",
            "Bearer",
            "Bearer \x7f",
            "Basic eDp4",
            f"Bearer {self._key}x",
            "Bearer bh_\xff_x",
        ]
        head = [
            f"{self._mostly('POST', METHODS)} {self._mostly('/graphql', ['/graphql?query=%7B__typename%7D', '/graphql?%ff', '/graphql/', '/GRAPHQL'])} HTTP/1.1",
            "Host: 127.0.0.1",
            f"Authorization: {self._mostly(f'Bearer {self._key}', keys)}",
            f"Content-Type: {self._mostly('application/json', TYPES)}",
            f"Accept: {self._mostly('application/json', ACCEPTS)}",
        ]
        if self._chance.random() < 0.9:
            return "\r\n".join([*head, f"Content-Length: {len(body)}", "", ""]).encode("latin-1") + body
        pieces = [body[at : at + 997] for at in range(0, len(body), 997)]
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in pieces)
        return "\r\n".join([*head, "Transfer-Encoding: chunked", "", ""]).encode("latin-1") + chunks + b"0\r\n\r\n"

    def conversation(self) -> list[Frame]:
        """Some frames for one socket; most are let in first, and operations come, end and come again under a few ids."""
        chance = self._chance
        init = {"type": "connection_init", "payload": {"Authorization": f"Bearer {self._key}"}}
        frames: list[Frame] = []
        if chance.random() < 0.9:
            frames.append(self._framed(init, odd=chance.random() < 0.05))
        count = chance.randint(1, 25)
        return [*frames, *(self._framed(self._message(), odd=chance.random() < 0.05) for _ in range(count))]

    def _message(self) -> Any:
        chance = self._chance
        id_ = chance.choice(
            ["1", "2", "3", "", "é", "\x00", "x" * 3000, *(str(chance.randrange(100)) for _ in range(12))]
        )
        match chance.randrange(10):
            case 0 | 1:
                return {"type": "complete", "id": id_}
            case 2:
                return {
                    "type": chance.choice(["ping", "pong"]),
                    "payload": chance.choice([None, {}, {"a": [1] * 50}, 5]),
                }
            case 3 | 4:
                return {"type": "subscribe", "id": id_, "payload": chance.choice(STREAMS)}
            case _:
                return {"type": "subscribe", "id": id_, "payload": self._payload_of_right_shape()}

    def _payload_of_right_shape(self) -> Any:
        """Odd in its document and its variables only, so that the socket stays open for more."""
        payload = {"query": "{ __typename }"} | self._chance.choice(PAYLOADS + STREAMS)
        payload["query"] = self._mutations.document(payload["query"])
        variables = payload.get("variables")
        if variables:
            bent = self._mutations.value(variables)
            payload["variables"] = bent if isinstance(bent, dict) else variables
        return payload

    def _framed(self, message: Any, *, odd: bool) -> Frame:
        chance = self._chance
        data = self._mutations.text(self._mutations.value(message)) if odd else self._mutations.plain(message)
        if odd and chance.random() < 0.3:
            return data
        text = data.decode(errors="replace")
        if chance.random() < 0.15:
            step = chance.randint(1, max(1, len(text) // 3))
            return [text[at : at + step] for at in range(0, len(text), step)] or [""]
        return text
