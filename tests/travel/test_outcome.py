import pytest
from twilio.rest.api.v2010.account.message import MessageInstance

from tests.travel.values import settings
from travel import outcome, twilio_codes
from travel.model import Channel, Feature
from travel.model import NotificationReason as Reason
from travel.model import NotificationStatus as Status
from travel.twilio_codes import Remedy

# twilio.md 3; where the table there leaves two classes open, both stand here.
CODES = {
    "RETRY": [20429, 30008, 63009, 63010, 63012, 63023],
    "LATER": [14107, 21611, 30001, 30003, 30017, 30022, 30023, 30450, 63017, 63018, 63038],
    "RECONCILE": [20500, 20503, 30410],
    "NUMBER": [21211, 21217, 21614, 21612, 30005, 30006],
    "SUPPRESS": [21610, 30004, 63014, 63033],
    "CHANNEL": [63003, 63015, 63024, 63032],
    "CONTENT": [30007, 63005, 63006, 63013, 63021, 63027, 63028, 63030, 63040, 63041, 63042, 63049],
    "WINDOW": [63016],
    # The table's class "config", by what is at fault.
    "ACCOUNT": [20003, 20005, 30002],
    "SENDER": [21212, 21703, 21704, 21705, 63001, 63002, 63007, 63008, 63020, 63022, 63051],
    "DESTINATION": [21408, 21606, 30018, 30024, 30032, 30034, 30035],
    "STALE": [30036],
    "BUG": [20404, 21609, 90007, 35111, 35114, 35118, 35125, 35126, 63031],
    "BUG or CONTENT": [20422, 21602, 21603, 21604, 21605, 21617, 21620, 21654, 21655, 21656],
    "UNKNOWN": [21266, 12345, 0, -1, 99999],
}


@pytest.mark.parametrize(("code", "classes"), [(code, classes) for classes, codes in CODES.items() for code in codes])
def test_an_error_code_asks_for_what_twilios_dictionary_says(code, classes):
    assert twilio_codes.remedy(code) in [Remedy(each) for each in classes.split(" or ")]


def test_a_refusal_without_a_code_is_unknown():
    assert twilio_codes.remedy(None) is Remedy.UNKNOWN


WORDS = {
    "SENT": "accepted scheduled queued sending sent",
    "DELIVERED": "delivered",
    "READ": "read",
    "UNDELIVERED": "undelivered failed canceled",
    None: "receiving received partially_delivered",
}


@pytest.mark.parametrize(
    ("word", "status"), [(word, status) for status, words in WORDS.items() for word in words.split()]
)
def test_a_word_of_twilio_has_one_meaning(word, status):
    assert outcome.STATUS_OF.get(word) == (Status(status) if status else None)


def test_the_words_above_are_all_that_twilio_has():
    theirs = {value for name, value in vars(MessageInstance.Status).items() if name.isupper()}
    assert {word for words in WORDS.values() for word in words.split()} == theirs


MOVES = {
    # Where it stands: what a callback may move it to.
    "PENDING": "SENT DELIVERED READ",
    "SENDING": "SENT UNDELIVERED DELIVERED READ",
    "UNKNOWN": "SENT UNDELIVERED DELIVERED READ",
    "SENT": "UNDELIVERED DELIVERED READ",
    "UNDELIVERED": "READ",
    "DELIVERED": "READ",
    "READ": "",
    # Given up, and yet Twilio had taken it: that is proof.
    "FAILED": "SENT DELIVERED READ",
    "SUPPRESSED": "SENT DELIVERED READ",
    "SUPERSEDED": "SENT DELIVERED READ",
    "EXPIRED": "SENT DELIVERED READ",
    "WITHDRAWN": "SENT DELIVERED READ",
}


def test_every_state_is_in_the_table():
    assert set(MOVES) == set(Status)


@pytest.mark.parametrize("reported", ["SENT", "UNDELIVERED", "DELIVERED", "READ"])
@pytest.mark.parametrize("current", MOVES)
def test_a_late_or_repeated_callback_never_takes_a_message_back(current, reported):
    assert outcome.moves(Status(current), Status(reported)) == (reported in MOVES[current].split())


@pytest.mark.parametrize(
    ("remedy", "reason"),
    [
        ("NUMBER", "INVALID_RECIPIENT"),
        ("SUPPRESS", "OPTED_OUT"),
        ("RETRY", "ATTEMPTS_EXHAUSTED"),
        ("LATER", "ATTEMPTS_EXHAUSTED"),
        ("STALE", "NO_LONGER_USEFUL"),
        ("CONTENT", "PROVIDER_REFUSED"),
        ("WINDOW", "PROVIDER_REFUSED"),
        ("CHANNEL", "PROVIDER_REFUSED"),
        ("BUG", "PROVIDER_REFUSED"),
        ("UNKNOWN", "PROVIDER_REFUSED"),
        ("RECONCILE", "PROVIDER_REFUSED"),
    ],
)
def test_an_undelivered_message_has_a_reason_the_agency_can_read(remedy, reason):
    assert outcome.failure_reason(Remedy(remedy)) is Reason(reason)


def failure(remedy, **changes):
    return outcome.Failure(
        **{
            "remedy": Remedy(remedy),
            "taken": False,
            "tries": 1,
            "channel": Channel.WHATSAPP,
            "by_template": True,
            **changes,
        }
    )


def judge(remedy, *, chance=0.5, has_sms=True, wants_sms=False, **changes):
    chosen = settings(features={Feature.SMS_FALLBACK: wants_sms})
    return outcome.verdict(failure(remedy, **changes), chosen, has_sms=has_sms, chance=chance)


def stands(verdict):
    return f"{verdict.status} {verdict.reason}" + (f" {verdict.channel}" if verdict.channel else "")


WAITS, PAUSED = "PENDING RETRYING", "PENDING SENDER_PAUSED"
BY_SMS = "PENDING RETRYING SMS"
VERDICTS = [
    # remedy, what else is so, how it stands: refused at once, and taken but not delivered
    ("ACCOUNT", {}, PAUSED, PAUSED),
    ("ACCOUNT", {"tries": 9}, PAUSED, PAUSED),
    ("SENDER", {"tries": 9}, PAUSED, PAUSED),
    ("DESTINATION", {"tries": 9}, WAITS, WAITS),
    ("RETRY", {}, WAITS, WAITS),
    ("RETRY", {"tries": 2}, WAITS, WAITS),
    ("RETRY", {"tries": 3}, "FAILED ATTEMPTS_EXHAUSTED", "UNDELIVERED ATTEMPTS_EXHAUSTED"),
    ("RETRY", {"tries": 3, "wants_sms": True}, "FAILED ATTEMPTS_EXHAUSTED", BY_SMS),
    ("LATER", {"tries": 3, "wants_sms": True}, "FAILED ATTEMPTS_EXHAUSTED", BY_SMS),
    ("LATER", {"tries": 2}, WAITS, WAITS),
    ("CHANNEL", {}, "FAILED PROVIDER_REFUSED", "UNDELIVERED PROVIDER_REFUSED"),
    ("CHANNEL", {"wants_sms": True}, BY_SMS, BY_SMS),
    ("CHANNEL", {"wants_sms": True, "has_sms": False}, "FAILED PROVIDER_REFUSED", "UNDELIVERED PROVIDER_REFUSED"),
    (
        "CHANNEL",
        {"wants_sms": True, "channel": Channel.SMS},
        "FAILED PROVIDER_REFUSED",
        "UNDELIVERED PROVIDER_REFUSED",
    ),
    ("WINDOW", {"by_template": False}, WAITS, WAITS),
    ("WINDOW", {"by_template": False, "tries": 3}, "FAILED PROVIDER_REFUSED", "UNDELIVERED PROVIDER_REFUSED"),
    ("WINDOW", {}, "FAILED PROVIDER_REFUSED", "UNDELIVERED PROVIDER_REFUSED"),
    ("NUMBER", {}, "FAILED INVALID_RECIPIENT", "UNDELIVERED INVALID_RECIPIENT"),
    ("SUPPRESS", {}, "FAILED OPTED_OUT", "UNDELIVERED OPTED_OUT"),
    ("CONTENT", {}, "FAILED PROVIDER_REFUSED", "UNDELIVERED PROVIDER_REFUSED"),
    ("STALE", {}, "FAILED NO_LONGER_USEFUL", "UNDELIVERED NO_LONGER_USEFUL"),
    ("RECONCILE", {}, "FAILED PROVIDER_REFUSED", "UNDELIVERED PROVIDER_REFUSED"),
    ("BUG", {}, "FAILED PROVIDER_REFUSED", "UNDELIVERED PROVIDER_REFUSED"),
    ("UNKNOWN", {}, "FAILED PROVIDER_REFUSED", "UNDELIVERED PROVIDER_REFUSED"),
]


@pytest.mark.parametrize(("remedy", "case", "refused", "undelivered"), VERDICTS, ids=lambda value: str(value)[:40])
def test_what_becomes_of_a_message_that_failed(remedy, case, refused, undelivered):
    assert stands(judge(remedy, **case)) == refused
    assert stands(judge(remedy, taken=True, **case)) == undelivered


def test_every_remedy_has_its_verdict():
    assert {remedy for remedy, *_ in VERDICTS} == set(Remedy)


@pytest.mark.parametrize(
    ("remedy", "case", "seconds"),
    [
        ("RETRY", {"chance": 0.5}, 2.5),
        ("RETRY", {"chance": 0.5, "tries": 2}, 5),
        ("RETRY", {"chance": 0.0}, 0),
        ("RETRY", {"chance": 0.0, "retry_after": 77}, 77),
        ("LATER", {"chance": 0.0}, 300),
        ("ACCOUNT", {}, 60),
        ("DESTINATION", {}, 900),
    ],
)
def test_how_long_a_failed_message_waits(remedy, case, seconds):
    assert judge(remedy, **case).wait.total_seconds() == seconds


def test_a_pause_is_probed_after_a_minute_and_ever_more_rarely():
    assert [outcome.next_probe(n).total_seconds() / 60 for n in (0, 1, 2, 3, 4, 50)] == [1, 2, 4, 8, 15, 15]


@pytest.mark.parametrize(("chance", "seconds"), [(0.0, 10), (1.0, 15)])
def test_who_was_put_off_comes_back_no_earlier_and_not_with_the_others(chance, seconds):
    assert outcome.jittered(10, chance).total_seconds() == seconds
