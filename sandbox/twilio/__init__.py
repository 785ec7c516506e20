"""The stand-in for Twilio's Messages API: `api` is its face, `carrier` what becomes of a message."""

from sandbox.twilio.api import Twilio
from sandbox.twilio.faults import RecipientFault, TwilioFaults

__all__ = ["RecipientFault", "Twilio", "TwilioFaults"]
