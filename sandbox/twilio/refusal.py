"""Twilio's way of saying no: a number from its error dictionary and one body shape for all of them."""

from starlette.responses import JSONResponse

TEXTS = {
    20003: "Authenticate",
    20404: "The requested resource was not found",
    20409: "The resource is in a state that does not allow this",
    20429: "Too Many Requests",
    20500: "An internal server error has occurred",
    20503: "Service unavailable",
    21211: "Invalid 'To' Phone Number",
    21212: "Invalid From Number (caller ID)",
    21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21610: "Attempt to send to unsubscribed recipient",
    21614: "'To' number is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit.",
}

STATUSES = {20003: 401, 20005: 403, 20404: 404, 20409: 409, 20009: 409, 20429: 429, 20500: 500, 20503: 503}


class Refused(Exception):  # noqa: N818 - a refusal is an expected answer, not an error of the stand-in.
    """The request gets an error answer, with status 400 unless the table has another for its code."""

    def __init__(self, code: int, message: str | None = None) -> None:
        self.code = code
        self.message = message or TEXTS.get(code, "The request was refused")
        self.status = STATUSES.get(code, 400)
        super().__init__(f"{code} {self.message}")

    def response(self) -> JSONResponse:
        headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if self.status == 401 else None
        body = {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }
        return JSONResponse(body, self.status, headers)
