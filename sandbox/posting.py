"""One request to a customer's address, as Twilio and AeroAPI make them: it follows nobody and remembers nothing."""

from collections.abc import Mapping

import httpx


async def post(
    transport: httpx.AsyncBaseTransport, url: str, content: bytes, headers: Mapping[str, str], timeout: httpx.Timeout
) -> int:
    """Make it and read the answer to its end; the status. Raises httpx.TransportError, httpx.InvalidURL.

    Without a client, whose cookies, redirects and proxies a webhook does not have. A name and password in the address are told.
    """
    request = httpx.Request(
        "POST", url, content=content, headers={"Accept": "*/*", **headers}, extensions={"timeout": timeout.as_dict()}
    )
    if request.url.userinfo:
        said = httpx.BasicAuth(request.url.username, request.url.password)
        request = next(said.auth_flow(request))
    response = await transport.handle_async_request(request)
    try:
        await response.aread()
    finally:
        await response.aclose()
    return response.status_code
