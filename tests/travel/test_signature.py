import hashlib
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator, get_signature_algorithm

from travel import signature

SECRET = "12345"
CALL_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
CALL = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+12349013030"),
    ("Digits", "1234"),
    ("From", "+12349013030"),
    ("To", "+18005551212"),
]
JSON_BODY = b'{"property": "value", "boolean": true}'
JSON_HASH = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
JSON_URL = f"https://mycompany.com/myapp.php?bodySHA256={JSON_HASH}"
STATUS_URL = "https://agency.example/hooks/twilio?m=41f2"
STATUS = [
    ("MessageSid", "SM0123456789abcdef0123456789abcdef"),
    ("SmsSid", "SM0123456789abcdef0123456789abcdef"),
    ("MessageStatus", "delivered"),
    ("SmsStatus", "delivered"),
    ("To", "whatsapp:+5491155550101"),
    ("From", "whatsapp:+14155550100"),
    ("AccountSid", "AC0123456789abcdef0123456789abcdef"),
    ("ApiVersion", "2010-04-01"),
    ("ErrorCode", ""),
    ("ProfileName", "Ana Pérez"),
]
WITHOUT_BLANK = [each for each in STATUS if each[0] != "ErrorCode"]
IN_URL = "https://agency.example/in"
IN = [
    ("Body", "Hola"),
    ("MediaUrl", "https://b.example/2"),
    ("MediaUrl", "https://a.example/1"),
    ("MediaUrl", "https://a.example/1"),
]
SHA256 = "key=abc,algorithm=HMAC_SHA256"
STATUS_SHA1, STATUS_SHA256 = "5kT0A7QUB1WiMw2VZ8sH8acF9rs=", "1NVysdqaup8m64uLfyUZxTJrXHOzaDe99xkBIrfANtc="

# twilio.md 6.2, computed with Twilio's own package.
VECTORS = [
    (CALL_URL, CALL, "", "0/KCTR6DLpKmkAf8muzZqo1nDgQ="),
    (CALL_URL, CALL, SHA256, "Rmm4Vzj+Ky7JGoWXMCsZDZuHDszLr9xvdbvitrDr4/M="),
    (STATUS_URL, STATUS, "", STATUS_SHA1),
    (STATUS_URL, STATUS, SHA256, STATUS_SHA256),
    (STATUS_URL, WITHOUT_BLANK, "", "D//VoKwouLCDT6tmnr+hLt+L8AM="),
    (IN_URL, IN, "", "aXpcebM6FpBTPi0aLTA2tuwxPpI="),
    (IN_URL, IN, SHA256, "Eh7MJ+2RYgndz4F4wga23SdTBMdq2GMommHsb1Xt5Y8="),
]


def valid(url, parameters, given, settings="", *, secrets=(SECRET,), body=None):
    return signature.is_valid(
        secrets=secrets, url=url, parameters=parameters, given=given, settings=settings, json_body=body
    )


@pytest.mark.parametrize(("url", "parameters", "settings", "given"), VECTORS)
def test_a_request_that_twilio_signed_is_believed(url, parameters, settings, given):
    assert valid(url, parameters, given, settings)
    assert valid(url, list(reversed(parameters)), given, settings)
    assert signature.sign(SECRET, url, parameters, "sha256" if settings else "sha1") == given


@pytest.mark.parametrize(
    ("url", "parameters", "given", "settings", "secrets"),
    [
        (STATUS_URL.replace("https", "http"), STATUS, STATUS_SHA1, "", [SECRET]),
        (STATUS_URL.replace("41f2", "41f3"), STATUS, STATUS_SHA1, "", [SECRET]),
        (STATUS_URL.replace("agency", "agenci"), STATUS, STATUS_SHA1, "", [SECRET]),
        (STATUS_URL.replace("twilio", "Twilio"), STATUS, STATUS_SHA1, "", [SECRET]),
        (STATUS_URL, WITHOUT_BLANK, STATUS_SHA1, "", [SECRET]),
        (STATUS_URL, [*STATUS, ("New", "")], STATUS_SHA1, "", [SECRET]),
        (STATUS_URL, [(name, value.replace("0101", "0102")) for name, value in STATUS], STATUS_SHA1, "", [SECRET]),
        (STATUS_URL, STATUS, STATUS_SHA1, "", ["12346"]),
        (STATUS_URL, STATUS, STATUS_SHA1, "", []),
        (STATUS_URL, STATUS, "", "", [SECRET]),
        (STATUS_URL, STATUS, "é", "", [SECRET]),
        (STATUS_URL, STATUS, STATUS_SHA1.lower(), "", [SECRET]),
        (STATUS_URL, STATUS, STATUS_SHA1, SHA256, [SECRET]),
        (STATUS_URL, STATUS, STATUS_SHA256, "", [SECRET]),
        (STATUS_URL, STATUS, STATUS_SHA1, "algorithm=HMAC_SHA512", [SECRET]),
        (STATUS_URL, STATUS, STATUS_SHA256, "key=x,algorithm=HMAC_SHA512", [SECRET]),
        (STATUS_URL, STATUS, STATUS_SHA1, "algorithm=none", [SECRET]),
    ],
    ids=[
        "http",
        "other query",
        "other host",
        "other path",
        "blank value left out",
        "blank value added",
        "one byte",
        "wrong secret",
        "no secret",
        "no signature",
        "no base64",
        "other case",
        "SHA-1 said to be SHA-256",
        "SHA-256 said to be SHA-1",
        "SHA-512",
        "SHA-512 with a key",
        "no algorithm we know",
    ],
)
def test_a_request_that_twilio_did_not_sign_is_not_believed(url, parameters, given, settings, secrets):
    assert not valid(url, parameters, given, settings, secrets=secrets)


@pytest.mark.parametrize("configured", ["https://agency.example:443/hooks/twilio?m=41f2", STATUS_URL])
def test_the_port_that_goes_without_saying_may_be_said(configured):
    assert valid(configured, STATUS, STATUS_SHA1)
    with_port = signature.sign(SECRET, "https://agency.example:443/hooks/twilio?m=41f2", STATUS)
    assert valid(configured, STATUS, with_port)


def test_plain_http_has_its_own_port():
    with_port = signature.sign(SECRET, "http://agency.example:80/in", IN)
    assert valid("http://agency.example/in", IN, with_port)


@pytest.mark.parametrize("secrets", [("old", SECRET), (SECRET, "old"), iter(("old", SECRET))])
def test_both_tokens_count_while_one_replaces_the_other(secrets):
    assert valid(STATUS_URL, STATUS, STATUS_SHA1, secrets=secrets)


# A header without a named algorithm is the account's token and SHA-1, as Twilio's own package reads it.
@pytest.mark.parametrize("settings", ["", "key=abc", "algorithm=HMAC_SHA1", " key=abc , algorithm=HMAC_SHA1 "])
def test_without_an_algorithm_it_is_sha1(settings):
    assert get_signature_algorithm(settings) == "HMAC_SHA1"
    assert valid(STATUS_URL, STATUS, STATUS_SHA1, settings)


@pytest.mark.parametrize(
    "settings", ["algorithm=HMAC_SHA256", "algorithm=HMAC_SHA256,key=a", " algorithm=HMAC_SHA256 "]
)
def test_the_algorithm_may_stand_anywhere_in_the_header(settings):
    assert valid(STATUS_URL, STATUS, STATUS_SHA256, settings)


# --- JSON bodies


def test_a_json_body_is_bound_by_its_hash_in_the_url():
    assert hashlib.sha256(JSON_BODY).hexdigest() == JSON_HASH
    assert valid(JSON_URL, [], "y77kIzt2vzLz71DgmJGsen2scGs=", body=JSON_BODY)
    assert valid(JSON_URL, [("ignored", "x")], "y77kIzt2vzLz71DgmJGsen2scGs=", body=JSON_BODY)


@pytest.mark.parametrize(
    ("url", "body"),
    [
        (JSON_URL, JSON_BODY + b" "),
        (JSON_URL, b""),
        ("https://mycompany.com/myapp.php", JSON_BODY),
        ("https://mycompany.com/myapp.php?bodySHA256=", JSON_BODY),
        (JSON_URL.replace("bodySHA256", "bodysha256"), JSON_BODY),
    ],
    ids=["other body", "empty body", "no hash", "empty hash", "other name"],
)
def test_a_json_body_that_its_url_does_not_bind_is_refused(url, body):
    assert not valid(url, [], signature.sign(SECRET, url, []), body=body)


# --- against Twilio's own package


NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=591), min_size=1, max_size=8)
VALUES = st.text(max_size=12).filter(lambda text: not any("\ud800" <= each <= "\udfff" for each in text))
URLS = st.builds(
    "{}://{}{}{}{}".format,
    st.sampled_from(["https", "http"]),
    st.sampled_from(["agency.example", "a.b.example", "127.0.0.1", "localhost"]),
    st.sampled_from(["", ":443", ":80", ":8443"]),
    st.sampled_from(["", "/", "/hooks/twilio", "/a%20b/ñ"]),
    st.sampled_from(["", "?m=41f2", "?a=&b=%2B", "?"]),
)


@given(secret=VALUES.filter(bool), url=URLS, parameters=st.dictionaries(NAMES, VALUES, max_size=5), new=st.booleans())
def test_twilios_own_package_signs_the_same(secret, url, parameters, new):
    algorithm = "HMAC_SHA256" if new else "HMAC_SHA1"
    theirs = RequestValidator(secret).compute_signature(url, parameters, algorithm)
    assert signature.sign(secret, url, list(parameters.items()), "sha256" if new else "sha1") == theirs


@given(
    url=URLS,
    port=st.sampled_from(["", ":443", ":80", ":8443", ":9"]),
    parameters=st.dictionaries(NAMES, VALUES, max_size=3),
    new=st.booleans(),
)
def test_a_signature_is_believed_exactly_when_twilios_own_package_believes_it(url, port, parameters, new):
    """The signer may have seen another port than the one configured."""
    algorithm = "HMAC_SHA256" if new else "HMAC_SHA1"
    parts = urlsplit(url)
    seen = parts._replace(netloc=f"{parts.hostname}{port}").geturl()
    oracle = RequestValidator(SECRET)
    given_ = oracle.compute_signature(seen, parameters, algorithm)
    ours = valid(url, list(parameters.items()), given_, f"algorithm={algorithm}")
    assert ours == oracle.validate(url, parameters, given_, algorithm)


class Repeated(dict):
    """Parameters with several values, as Twilio's package takes them."""

    def getall(self, name):
        return self[name]


@given(st.dictionaries(NAMES, st.lists(VALUES, min_size=1, max_size=4), max_size=4))
def test_repeated_parameters_are_signed_as_twilios_own_package_signs_them(values):
    theirs = RequestValidator(SECRET).compute_signature(IN_URL, Repeated(values))
    pairs = [(name, value) for name, each in values.items() for value in each]
    assert signature.sign(SECRET, IN_URL, pairs) == theirs
