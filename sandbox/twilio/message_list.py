"""The list of messages: Twilio's three filters, and pages that stay put while new messages arrive."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from datetime import UTC, date
from typing import Any
from urllib.parse import urlencode

from sandbox.twilio.message import API_VERSION, Message
from sandbox.twilio.refusal import Refused

FILTERS = ("To", "From", "DateSent", "DateSent<", "DateSent>")
DEFAULT_PAGE_SIZE, LARGEST_PAGE_SIZE = 50, 1000


class Messages(MutableMapping[str, Message]):
    """All messages by SID, in the order in which they came. Who asks for a recipient's does not look through everybody's."""

    def __init__(self) -> None:
        self._by_sid: dict[str, Message] = {}
        self._by_recipient: defaultdict[str, dict[str, Message]] = defaultdict(dict)

    def __getitem__(self, sid: str) -> Message:
        return self._by_sid[sid]

    def __setitem__(self, sid: str, message: Message) -> None:
        self._by_sid[sid] = self._by_recipient[message.to][sid] = message

    def __delitem__(self, sid: str) -> None:
        del self._by_recipient[self._by_sid.pop(sid).to][sid]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_sid)

    def __len__(self) -> int:
        return len(self._by_sid)

    def newest_first(self, to: str | None) -> Iterator[Message]:
        """Those to a recipient, or all."""
        return reversed((self._by_recipient.get(to, {}) if to else self._by_sid).values())


def page(account_sid: str, messages: Messages, query: Mapping[str, str]) -> dict[str, Any]:
    """One page of the account's messages, in Twilio's envelope. Addresses of pages are relative."""
    addressed = messages.newest_first(query.get("To"))
    found = [one for one in addressed if one.account_sid == account_sid and _matches(one, query)]
    size, number = _size(query.get("PageSize")), _number(query.get("Page"))
    start = _start(found, query.get("PageToken"), size * number)
    shown = found[start : start + size]
    base = f"/{API_VERSION}/Accounts/{account_sid}/Messages.json"
    kept = {name: query[name] for name in FILTERS if name in query} | {"PageSize": size}

    def address(page_number: int, token: str | None) -> str:
        return f"{base}?{urlencode(kept | {'Page': page_number} | ({'PageToken': token} if token else {}))}"

    more = start + size < len(found)
    before = found[start - size - 1].sid if start > size else None
    return {
        "messages": [one.as_json() for one in shown],
        "page": number,
        "page_size": size,
        "start": start,
        "end": start + max(len(shown) - 1, 0),
        "uri": address(number, query.get("PageToken")),
        "first_page_uri": address(0, None),
        "previous_page_uri": address(max(number - 1, 0), before and "PA" + before) if start else None,
        "next_page_uri": address(number + 1, "PA" + shown[-1].sid) if more else None,
    }


def _matches(message: Message, query: Mapping[str, str]) -> bool:
    if query.get("From") not in (None, "", message.from_):
        return False
    wanted = [(name, _day(query[name])) for name in FILTERS[2:] if query.get(name)]
    if not wanted:
        return True
    if message.sent_at is None:
        return False
    sent = message.sent_at.astimezone(UTC).date()
    compare = {"DateSent": sent.__eq__, "DateSent<": sent.__le__, "DateSent>": sent.__ge__}
    return all(compare[name](day) for name, day in wanted)


def _day(text: str) -> date:
    """A GMT day. A time of day, as the official SDK sends it, is left out of account."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise Refused(20001, f"Invalid date: {text[:40]}") from None


def _size(text: str | None) -> int:
    if text is None:
        return DEFAULT_PAGE_SIZE
    if not re.fullmatch(r"\d{1,6}", text) or int(text) < 1:
        raise Refused(20006, "Page size must be at least 1")
    return min(int(text), LARGEST_PAGE_SIZE)


def _number(text: str | None) -> int:
    return int(text) if text and re.fullmatch(r"\d{1,6}", text) else 0


def _start(found: Sequence[Message], token: str | None, absolute: int) -> int:
    """The token names the last message of the page before, so that newer messages shift nothing."""
    if token is None:
        return absolute
    for index, message in enumerate(found):
        if "PA" + message.sid == token:
            return index + 1
    raise Refused(20006, "Invalid PageToken")
