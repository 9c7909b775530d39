"""The board: what the tables say, in a browser, and the decisions that a person makes there."""

from importlib.util import find_spec

from clash.errors import SettingsError
from clash.installation import install_command


def check_installed() -> None:
    """Raise `SettingsError` (code `missing_extra`) that says how to install what the board needs."""
    for name in ("starlette", "uvicorn"):
        if find_spec(name) is None:
            raise SettingsError(
                f"the board needs the package {name}", code="missing_extra", hint=install_command("board")
            )
