"""Send an HTTP request once, and read its whole answer within limits of size and time."""

from clash.http.bodies import ACCEPTED_ENCODING, TooLargeError, UnreadableBodyError, json_of, read_body, retry_after_s
from clash.http.transport import AnswerLostError, BoundedTransport, ExchangeError, Limits, NotSentError, RedirectedError

__all__ = [
    "ACCEPTED_ENCODING",
    "AnswerLostError",
    "BoundedTransport",
    "ExchangeError",
    "Limits",
    "NotSentError",
    "RedirectedError",
    "TooLargeError",
    "UnreadableBodyError",
    "json_of",
    "read_body",
    "retry_after_s",
]
