"""Reach the network through the proxies and with the certificates that the environment names.

A wrong setting is found before a request is made, as a `SettingsError` that names the variable.
"""

from __future__ import annotations

from collections.abc import Callable

from clash.errors import SettingsError
from clash.network.certificates import certificates
from clash.network.proxies import Proxies, check_socks_package

__all__ = ["network_problems", "require_network"]


def require_network() -> None:
    """Raise `SettingsError` for a proxy or a certificate file of the environment that cannot be used."""
    for problem in network_problems():
        raise problem


def network_problems() -> list[SettingsError]:
    """Return everything in the environment that would prevent a request from being sent."""
    checks: tuple[Callable[[], object], ...] = (Proxies.of_environment, check_socks_package, certificates)
    problems: list[SettingsError] = []
    for check in checks:
        try:
            check()
        except SettingsError as error:
            if error.message not in [problem.message for problem in problems]:
                problems.append(error)
    return problems
