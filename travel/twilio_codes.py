"""What an error code of Twilio asks for. Source: Twilio's error dictionary; the column of classes is our judgement.

Twilio splits codes now and then, so an unknown one has a class of its own: final, counted and shown.
"""

from enum import StrEnum


class Remedy(StrEnum):
    """What to do about a refusal."""

    RETRY = "RETRY"
    """Back off and try again."""
    LATER = "LATER"
    """Try again, but not soon."""
    RECONCILE = "RECONCILE"
    """It may have been taken: look before sending again."""
    NUMBER = "NUMBER"
    """This recipient's number is bad."""
    SUPPRESS = "SUPPRESS"
    """The recipient opted out or blocked the sender."""
    CHANNEL = "CHANNEL"
    """This channel does not reach the recipient; another may."""
    CONTENT = "CONTENT"
    """The text or template is at fault."""
    WINDOW = "WINDOW"
    """Free text came outside of WhatsApp's 24 hours: an approved template may go."""
    ACCOUNT = "ACCOUNT"
    """The account is refused, suspended or out of credit: nothing at all will go through."""
    SENDER = "SENDER"
    """The channel's sender is at fault: nothing on this channel will go through."""
    DESTINATION = "DESTINATION"
    """The sender may not write to this destination until somebody has it registered or permitted."""
    STALE = "STALE"
    """It lay too long at Twilio."""
    BUG = "BUG"
    """We asked wrongly."""
    UNKNOWN = "UNKNOWN"
    """Not in the table: final, counted and shown."""


_BY_REMEDY: dict[Remedy, tuple[int, ...]] = {
    Remedy.RETRY: (20429, 30008, 63009, 63010, 63012, 63023),
    Remedy.LATER: (14107, 21611, 30001, 30003, 30017, 30022, 30023, 30450, 63017, 63018, 63038),
    Remedy.RECONCILE: (20500, 20503, 30410),
    Remedy.NUMBER: (21211, 21217, 21612, 21614, 30005, 30006),
    Remedy.SUPPRESS: (21610, 30004, 63014, 63033),
    Remedy.CHANNEL: (63003, 63015, 63024, 63032),
    Remedy.CONTENT: (
        *(21602, 21617, 21620, 21654, 21655, 21656, 30007),
        *(63005, 63006, 63013, 63021, 63027, 63028, 63030, 63040, 63041, 63042, 63049),
    ),
    Remedy.WINDOW: (63016,),
    Remedy.ACCOUNT: (20003, 20005, 30002),
    Remedy.SENDER: (21212, 21703, 21704, 21705, 63001, 63002, 63007, 63008, 63020, 63022, 63051),
    Remedy.DESTINATION: (21408, 21606, 30018, 30024, 30032, 30034, 30035),
    Remedy.STALE: (30036,),
    Remedy.BUG: (20404, 20422, 21603, 21604, 21605, 21609, 90007, 35111, 35114, 35118, 35125, 35126, 63031),
}
_REMEDIES = {code: remedy for remedy, codes in _BY_REMEDY.items() for code in codes}


def remedy(code: int | None) -> Remedy:
    """What the code asks for."""
    return _REMEDIES.get(code, Remedy.UNKNOWN) if code is not None else Remedy.UNKNOWN
