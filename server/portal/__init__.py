"""/portal: static pages that live from the public GraphQL API alone."""

from pathlib import Path

from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class _Pages(StaticFiles):
    """Static files under a strict Content-Security-Policy."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                guards = (
                    ("content-security-policy", POLICY),
                    ("x-content-type-options", "nosniff"),
                    ("referrer-policy", "no-referrer"),
                    # Modules of two releases must not meet in one page: each is asked for, and seldom sent again.
                    ("cache-control", "no-cache"),
                )
                message["headers"] = [*message["headers"], *((name.encode(), value.encode()) for name, value in guards)]
            await send(message)

        await super().__call__(scope, receive, guarded)


def portal() -> StaticFiles:
    """The pages."""
    return _Pages(directory=Path(__file__).parent / "pages", html=True)
