"""Where a provider is asked: at one address, or at one for each craft."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from clash.providers.ports import AnyProvider, Kind


@runtime_checkable
class HasEndpoints(Protocol):
    """A provider whose crafts are asked at different addresses. `endpoint` is that of the first."""

    def endpoint_for(self, kind: Kind) -> str:
        """Return where requests of this kind are sent, without a password."""
        ...


def endpoint_of(provider: AnyProvider, kind: Kind) -> str:
    """Return the address where this provider is asked for requests of this kind."""
    return provider.endpoint_for(kind) if isinstance(provider, HasEndpoints) else provider.endpoint
