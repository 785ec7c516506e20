import pytest
from twilio.rest.api.v2010.account.message import MessageInstance

from travel import outcome, twilio_codes
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
    "CONTENT": [30007, 63005, 63006, 63013, 63016, 63021, 63027, 63028, 63030, 63040, 63041, 63042, 63049],
    "CONFIG": [
        *(20003, 20005, 30002, 21408, 21212, 21606, 21703, 21704, 21705, 30018, 30024, 30032, 30034, 30035),
        *(63001, 63002, 63007, 63008, 63020, 63022, 63051),
    ],
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
    "PENDING": "SENT UNDELIVERED DELIVERED READ",
    "SENDING": "SENT UNDELIVERED DELIVERED READ",
    "UNKNOWN": "SENT UNDELIVERED DELIVERED READ",
    "SENT": "UNDELIVERED DELIVERED READ",
    "UNDELIVERED": "READ",
    "DELIVERED": "READ",
    "READ": "",
    "SUPPRESSED": "",
    "SUPERSEDED": "",
    "EXPIRED": "",
    "WITHDRAWN": "",
}


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
        ("CONFIG", "PROVIDER_REFUSED"),
        ("CHANNEL", "PROVIDER_REFUSED"),
        ("BUG", "PROVIDER_REFUSED"),
        ("UNKNOWN", "PROVIDER_REFUSED"),
        ("RECONCILE", "PROVIDER_REFUSED"),
    ],
)
def test_an_undelivered_message_has_a_reason_the_agency_can_read(remedy, reason):
    assert outcome.failure_reason(Remedy(remedy)) is Reason(reason)


def test_only_what_may_go_through_another_time_is_tried_again():
    assert {str(remedy) for remedy in Remedy if remedy in outcome.RETRIED} == {"RETRY", "LATER", "CONFIG"}
