"""X-Twilio-Signature: who sent a webhook. Source: twilio-python 9.13 and Twilio's security page.

The signed text is the public URL as configured, then every distinct value of every distinct name in code-point order.
It is rebuilt from our own configuration, never from the Host header. There is no timestamp in it: an old request stays
good for ever, so whoever handles one must be idempotent.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit, urlunsplit

Parameters = Sequence[tuple[str, str]]


def sign(secret: str, url: str, parameters: Parameters, algorithm: str = "sha1") -> str:
    """The signature of a request. Blank values count."""
    values: dict[str, set[str]] = {}
    for name, value in parameters:
        values.setdefault(name, set()).add(value)
    text = url + "".join(name + value for name in sorted(values) for value in sorted(values[name]))
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), algorithm).digest()).decode()


def is_valid(
    *,
    secrets: Iterable[str],
    url: str,
    parameters: Parameters,
    given: str,
    settings: str = "",
    json_body: bytes | None = None,
) -> bool:
    """Whether one of the secrets made the signature `given` for this request.

    `settings` is X-Twilio-Webhooks-Signature-Settings: empty means SHA-1, `algorithm=HMAC_SHA256` means SHA-256, any
    other name is refused. A JSON body is bound by `bodySHA256` in the URL's query, and refused without it.
    """
    algorithm = _algorithm(settings)
    if algorithm is None or (json_body is not None and not _binds(url, json_body)):
        return False
    signed = () if json_body is not None else parameters
    return any(
        hmac.compare_digest(sign(secret, candidate, signed, algorithm).encode(), given.encode())
        for secret in secrets
        for candidate in _with_and_without_port(url)
    )


def _algorithm(settings: str) -> str | None:
    named = dict(part.strip().partition("=")[::2] for part in settings.split(",")).get("algorithm")
    return {None: "sha1", "HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}.get(named)


def _binds(url: str, body: bytes) -> bool:
    query = dict(part.partition("=")[::2] for part in urlsplit(url).query.split("&"))
    return hmac.compare_digest(query.get("bodySHA256", "").encode(), hashlib.sha256(body).hexdigest().encode())


def _with_and_without_port(url: str) -> list[str]:
    """Twilio signs with the port or without it, and does not say which."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    default = 443 if parts.scheme == "https" else 80
    netlocs = dict.fromkeys([parts.netloc, host, f"{host}:{parts.port or default}"])
    return [urlunsplit(parts._replace(netloc=netloc)) for netloc in netlocs]
