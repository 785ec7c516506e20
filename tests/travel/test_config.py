import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from tests.travel.values import utc
from travel import config
from travel.clock import RealClock
from travel.config import ConfigError

NEEDED = {
    "DATABASE_URL": "postgresql://app@localhost/bauhaus",
    "AEROAPI_KEY": "secret-aeroapi-key",
    "TWILIO_ACCOUNT_SID": "AC0123456789abcdef0123456789abcdef",
    "TWILIO_AUTH_TOKEN": "secret-twilio-token",
    "TWILIO_WHATSAPP_FROM": "+14155550100",
}


@pytest.fixture
def load(monkeypatch, tmp_path):
    """Loads a configuration from these names alone."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.lower() in config.Config.model_fields:
            monkeypatch.delenv(name)

    def with_(without="", **names):
        for name, value in {**NEEDED, **names}.items():
            if name != without:
                monkeypatch.setenv(name, value)
        return config.load()

    return with_


def test_five_names_are_all_that_is_needed(load):
    found = load()
    assert (found.environment, found.port, found.public_base) == ("production", 8000, "http://127.0.0.1:8000")
    assert (found.settling_seconds, found.redis_url) == (180, None)
    assert str(found.aeroapi_url) == "https://aeroapi.flightaware.com/aeroapi"
    assert isinstance(found.clock(), RealClock)


@pytest.mark.parametrize("name", NEEDED)
def test_a_missing_name_is_named_in_one_line(load, name):
    with pytest.raises(ConfigError, match=rf"{name} \(") as broken:
        load(without=name)
    assert "\n" not in str(broken.value)
    assert ".env.example" in str(broken.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TWILIO_ACCOUNT_SID", "AC123"),
        ("TWILIO_ACCOUNT_SID", "AC0123456789ABCDEF0123456789ABCDEF"),
        ("TWILIO_WHATSAPP_FROM", "whatsapp:+14155550100"),
        ("TWILIO_WHATSAPP_FROM", "14155550100"),
        ("TWILIO_SMS_FROM", "0"),
        ("PORT", "65536"),
        ("PORT", "http"),
        ("PUBLIC_URL", "agency.example"),
        ("PUBLIC_URL", "ftp://agency.example"),
        ("ENVIRONMENT", "staging"),
        ("LOG_LEVEL", "loud"),
        ("DATABASE_POOL_SIZE", "1"),
        ("DELIVERY_LEASE_SECONDS", "0"),
        ("DELIVERY_LEASE_SECONDS", "0.5"),
        ("SETTLING_SECONDS", "-1"),
        ("SWEEP_SECONDS", "31"),
        ("TWILIO_TOTAL_TIMEOUT_SECONDS", "0"),
        ("AEROAPI_TIMEOUT_SECONDS", "61"),
        ("CLOCK_SPEED", "0"),
        ("CLOCK_START", "2026-07-15T12:00:00"),
        ("CLOCK_START", "noon"),
    ],
)
def test_an_impossible_value_is_refused_by_name(load, name, value):
    with pytest.raises(ConfigError, match=name):
        load(**{name: value})


def test_a_lease_outlives_the_call_it_guards(load):
    """Else a message is found lost, and sent again, while the first request still waits for its answer."""
    with pytest.raises(ConfigError, match="LEASE"):
        load(DELIVERY_LEASE_SECONDS="5", TWILIO_TOTAL_TIMEOUT_SECONDS="15")


TOKENS = {
    "JWT_ISSUER": "https://issuer.example/",
    "JWT_AUDIENCE": "bauhaus",
    "JWT_ALGORITHMS": "RS256, ES256",
    "JWT_JWKS_URL": "https://issuer.example/keys",
}
SECRET = "a secret of thirty-two characters"


def test_without_an_issuer_there_are_no_tokens(load):
    assert load().issuer is None
    assert load(JWT_AGENCY_CLAIM="agency", JWT_ISSUER="").issuer is None


def test_an_issuer_is_known_by_its_keys_or_by_a_secret(load):
    issuer = load(**TOKENS).issuer
    assert (issuer.name, issuer.audience) == ("https://issuer.example/", "bauhaus")
    assert (issuer.algorithms, issuer.jwks_url) == (("RS256", "ES256"), "https://issuer.example/keys")
    assert (issuer.agency_claim, issuer.role_claim, issuer.secret) == ("agency_id", "role", None)
    assert load(**{**TOKENS, "JWT_JWKS_URL": "http://127.0.0.1:9000/keys"}).issuer.jwks_url
    shared = {**TOKENS, "JWT_ALGORITHMS": "HS256", "JWT_SECRET": SECRET, "JWT_JWKS_URL": ""}
    issuer = load(**shared, JWT_AGENCY_CLAIM="https://a.example/agency", JWT_ROLE_CLAIM="r").issuer
    assert (issuer.agency_claim, issuer.role_claim) == ("https://a.example/agency", "r")
    assert (issuer.algorithms, issuer.jwks_url, issuer.secret) == (("HS256",), None, SECRET)
    assert SECRET not in repr(load(**shared))
    assert SECRET not in repr(issuer)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"JWT_ISSUER": ""}, "JWT_ISSUER too"),
        ({"JWT_AUDIENCE": ""}, "JWT_AUDIENCE too"),
        ({"JWT_ALGORITHMS": ""}, "JWT_ALGORITHMS too"),
        ({"JWT_ALGORITHMS": ","}, "JWT_ALGORITHMS too"),
        ({"JWT_JWKS_URL": ""}, "JWT_JWKS_URL or JWT_SECRET too"),
        ({"JWT_ALGORITHMS": "", "JWT_AUDIENCE": ""}, "JWT_AUDIENCE, JWT_ALGORITHMS too"),
        ({"JWT_SECRET": SECRET}, "only one"),
        ({"JWT_ALGORITHMS": "RS256,HS256"}, "HS256 goes with JWT_SECRET"),
        ({"JWT_ALGORITHMS": "none"}, "JWT_ALGORITHMS"),
        ({"JWT_ALGORITHMS": "RS256,rs512"}, "JWT_ALGORITHMS"),
        ({"JWT_SECRET": SECRET, "JWT_JWKS_URL": ""}, "JWT_SECRET goes with JWT_ALGORITHMS=HS256"),
        ({"JWT_SECRET": SECRET, "JWT_JWKS_URL": "", "JWT_ALGORITHMS": "HS256,RS256"}, "JWT_SECRET goes with"),
        ({"JWT_SECRET": "short", "JWT_JWKS_URL": "", "JWT_ALGORITHMS": "HS256"}, "JWT_SECRET"),
        ({"JWT_SECRET": "-----BEGIN PUBLIC KEY-----" + SECRET, "JWT_JWKS_URL": "", "JWT_ALGORITHMS": "HS256"}, "JWT_SECRET"),
        ({"JWT_JWKS_URL": "http://issuer.example/keys"}, "https"),
        ({"JWT_JWKS_URL": "http://127.0.0.1.evil.example/keys"}, "https"),
        ({"JWT_JWKS_URL": "issuer.example"}, "JWT_JWKS_URL"),
    ],
)  # fmt: skip
def test_half_an_issuer_is_refused_by_what_it_lacks(load, change, says):
    with pytest.raises(ConfigError, match=says) as broken:
        load(**{**TOKENS, **change})
    assert SECRET not in str(broken.value)


def test_two_mistakes_are_named_together(load):
    with pytest.raises(ConfigError, match=r"PORT.*TWILIO_ACCOUNT_SID|TWILIO_ACCOUNT_SID.*PORT"):
        load(PORT="no", TWILIO_ACCOUNT_SID="no")


def test_no_secret_shows_in_the_configuration_or_in_its_errors(load):
    found = load(TWILIO_PREVIOUS_AUTH_TOKEN="secret-previous", AEROAPI_WEBHOOK_TOKEN="secret-hook-of-16")
    assert "secret-" not in repr(found)
    assert "app@localhost" not in repr(found)
    with pytest.raises(ConfigError) as broken:
        load(PORT="secret-port")
    assert "secret" not in str(broken.value)


def test_an_empty_variable_is_one_that_is_not_set(load):
    """Emptying the old token after a rotation must not make the empty text a secret that anybody can sign with."""
    assert load(TWILIO_PREVIOUS_AUTH_TOKEN="", AEROAPI_WEBHOOK_TOKEN="").twilio_previous_auth_token is None
    with pytest.raises(ConfigError, match="TWILIO_AUTH_TOKEN"):
        load(TWILIO_AUTH_TOKEN="")


def test_names_unknown_to_us_are_somebody_elses(load):
    load(TWILIO_SOMETHING="x", PATH_TO_NOWHERE="y")


def test_a_file_called_env_is_read_and_the_environment_wins(load):
    Path(".env").write_text("PORT=9001\nHOST=10.0.0.1\n", encoding="utf-8")
    found = load(PORT="9002")
    assert (found.port, found.host) == (9002, "10.0.0.1")


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://travel.example", "https://travel.example"),
        ("https://travel.example/", "https://travel.example"),
        ("https://travel.example/travel/", "https://travel.example/travel"),
        ("https://travel.example:8443", "https://travel.example:8443"),
        ("https://Travel.Example", "https://travel.example"),
    ],
)
def test_the_public_address_ends_without_a_slash(load, url, base):
    assert load(PUBLIC_URL=url).public_base == base


def test_processes_of_one_environment_share_a_scaled_clock(load):
    names = {"CLOCK_START": "2026-07-15T09:00:00-03:00", "CLOCK_ORIGIN": str(time.time() - 10), "CLOCK_SPEED": "60"}
    now = load(**names).clock().now()
    assert timedelta() <= now - utc("07-15 12:10") < timedelta(minutes=1)


@pytest.mark.parametrize("alone", ["CLOCK_START", "CLOCK_ORIGIN"])
def test_half_a_scaled_clock_is_the_real_one(load, alone):
    value = {"CLOCK_START": "2026-07-15T12:00:00Z", "CLOCK_ORIGIN": "1784000000"}[alone]
    assert isinstance(load(**{alone: value}).clock(), RealClock)


def test_commands_on_the_database_need_its_address_alone(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with pytest.raises(ConfigError, match=r"DATABASE_URL is not set. See .env.example."):
        config.database_url()
    monkeypatch.setenv("DATABASE_URL", "postgresql://owner:secret@localhost/bauhaus")
    assert config.database_url() == "postgresql://owner:secret@localhost/bauhaus"
