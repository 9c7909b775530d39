"""Keep secrets out of everything that is printed, logged, stored or exported."""

from clash.redaction.registry import HIDDEN, Secrets, hide, hide_foreign, hide_in, known, sounds_secret
from clash.redaction.texts import (
    redacted,
    redacted_text,
    safe_exception,
    safe_message,
    safe_url,
    without_password,
)

__all__ = [
    "HIDDEN",
    "Secrets",
    "hide",
    "hide_foreign",
    "hide_in",
    "known",
    "redacted",
    "redacted_text",
    "safe_exception",
    "safe_message",
    "safe_url",
    "sounds_secret",
    "without_password",
]
