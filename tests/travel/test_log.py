import json
import logging

import pytest
import structlog

from travel import log

PHONE, TAIL = "+5491155550101", "5555"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("", ""),
        ("nothing to hide", "nothing to hide"),
        (PHONE, "+…01"),
        (f"to {PHONE}, please", "to +…01, please"),
        (f"whatsapp:{PHONE}", "whatsapp:+…01"),
        (f"{PHONE} and +13055550177", "+…01 and +…77"),
        ("+54 9 11 5555-0101", "+…01"),
        ("+54.9.11.5555.0101", "+…01"),
        ("Key (phone)=(+5491155550101) already exists.", "Key (phone)=(+…01) already exists."),
        # What looks like one and is none stays readable.
        ("2026-07-15T21:00:00Z", "2026-07-15T21:00:00Z"),
        ("2026-07-15T21:00:00.123456+00:00", "2026-07-15T21:00:00.123456+00:00"),
        ("ARG1304-1784000000-airline-0001", "ARG1304-1784000000-airline-0001"),
        ("SM0123456789abcdef0123456789abcdef", "SM0123456789abcdef0123456789abcdef"),
        ("00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000001"),
        ("+15 min", "+15 min"),
    ],
)
def test_a_phone_shows_only_its_last_two_digits(text, masked):
    assert log.mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "+54 (11) 5555-0101",
        "+1 (305) 555-5501",
        "To=whatsapp%3A%2B5491155550101",
    ],
)
def test_a_phone_is_hidden_however_it_is_written(text):
    """Incident 119."""
    digits = [each for each in log.mask(text) if each.isdigit()]
    assert len(digits) <= 5, log.mask(text)


@pytest.fixture
def lines(capsys):
    """What the process writes to standard error, with the logging of the process put back afterwards."""
    root = logging.getLogger()
    handlers, level, configured = root.handlers, root.level, structlog.get_config()
    yield lambda: capsys.readouterr().err
    root.handlers = handlers
    root.setLevel(level)
    structlog.configure(**configured)
    structlog.contextvars.clear_contextvars()


@pytest.mark.parametrize("as_json", [True, False])
def test_a_phone_in_a_field_is_masked_in_production_and_in_development(lines, as_json):
    log.setup(json=as_json)
    structlog.get_logger().warning("handed_over", to=PHONE, agency="north")
    written = lines()
    assert "handed_over" in written
    assert "north" in written
    assert TAIL not in written


def test_production_logs_are_json_with_time_and_level(lines):
    log.setup(json=True)
    structlog.get_logger().warning("look_failed", kind="RATE_LIMITED", failures=3)
    [line] = [json.loads(each) for each in lines().splitlines()]
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "look_failed", "kind": "RATE_LIMITED", "failures": 3, "level": "warning"}


def test_records_of_libraries_take_the_same_way(lines):
    log.setup(json=True)
    logging.getLogger("arq.worker").error("job %s failed", "deliver")
    [line] = [json.loads(each) for each in lines().splitlines()]
    assert (line["event"], line["level"]) == ("job deliver failed", "error")


def test_a_phone_in_the_message_of_a_library_is_masked(lines):
    """arq logs the text of an exception, and PostgreSQL's names the row: Key (phone)=(+549…)."""
    log.setup(json=True)
    logging.getLogger("arq.worker").error("deliver failed, UniqueViolationError: Key (phone)=(%s)", PHONE)
    assert TAIL not in lines()


@pytest.mark.parametrize("value", [[PHONE], {"to": PHONE}, {"deep": [{"to": PHONE}]}, (PHONE,)])
def test_a_phone_inside_a_structured_field_is_masked(lines, value):
    log.setup(json=True)
    structlog.get_logger().warning("handed_over", request=value)
    assert TAIL not in lines()


@pytest.mark.parametrize("as_json", [True, False])
def test_a_phone_in_a_traceback_is_masked(lines, as_json):
    log.setup(json=as_json)
    try:
        raise ValueError(f"no such traveller: {PHONE}")
    except ValueError:
        structlog.get_logger().exception("failed")
    written = lines()
    assert "no such traveller: +…01" in written.replace("\\u2026", "…")
    assert TAIL not in written


def test_a_phone_in_the_context_of_a_job_is_masked(lines):
    log.setup(json=True)
    structlog.contextvars.bind_contextvars(recipient=PHONE)
    structlog.get_logger().warning("late")
    assert TAIL not in lines()


def test_only_what_is_loud_enough_is_written(lines):
    log.setup(json=True, level="warning")
    structlog.get_logger().info("quiet")
    logging.getLogger("arq").info("quiet too")
    log.setup(json=True, level="info")
    logging.getLogger("httpx").info("HTTP Request: GET …")
    assert lines() == ""
