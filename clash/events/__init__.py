"""Tell others what became of a run: a webhook, signed as the Standard Webhooks specification says, and a command."""

from clash.config import Settings
from clash.events.commands import arguments_of
from clash.events.receivers import Receiver

__all__ = ["Receiver", "check_receivers"]


def check_receivers(settings: Settings) -> Receiver | None:
    """Return the webhook's receiver, if there is one. Raise `SettingsError` for one, or a command, that cannot be."""
    if settings.on_event is not None:
        arguments_of(settings.on_event)
    return Receiver.of(settings)
