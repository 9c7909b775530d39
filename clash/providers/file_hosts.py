"""The hosts that a provider's files are fetched from, checked before anything is bought there."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from clash.errors import ProviderError


@runtime_checkable
class FileHosts(Protocol):
    """A provider whose files are fetched, once they are paid for, from hosts that are known beforehand.

    `serves_files_itself`: whether it may be that they come from elsewhere, as from a gateway that stands in for it.
    """

    file_hosts: tuple[str, ...]
    serves_files_itself: bool

    async def check_file_host(self, host: str) -> str:
        """Say how files of this host will be fetched; costs nothing.

        Raises `SettingsError` where they would be refused, `ProviderError` where the host cannot be reached.
        """
        ...


async def check_file_hosts(provider: FileHosts) -> str:
    """Say how the files of a provider will be fetched, host by host.

    Raises `SettingsError` where they would be refused, `ProviderError` where none of the hosts can be reached.
    """
    told: list[str] = []
    lost: list[ProviderError] = []
    for host in provider.file_hosts:
        try:
            told.append(f"{host} {await provider.check_file_host(host)}")
        except ProviderError as error:
            lost.append(error)
            told.append(error.message)
    # One host of several may have gone out of use, and a gateway may serve the files itself.
    if lost and len(lost) == len(provider.file_hosts) and not provider.serves_files_itself:
        raise lost[0]
    return "; ".join(told)
