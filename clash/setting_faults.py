"""What is wrong with settings: which value, where it was found, what is expected, and an example that works."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from clash.dotenv_file import DOT_ENV, line_of
from clash.errors import SettingsError

_EXAMPLES = {
    "CLASH_BUDGET": "20",
    "CLASH_CONCURRENCY": "4",
    "CLASH_D1_REQUESTS": "550",
    "CLASH_FAKE_IP_RANGES": "198.18.0.0/15",
    "CLASH_IMAGE_BASE_URL": "https://api.example.com/v1",
    "CLASH_LIMITS": """'{"fal": {"concurrency": 8, "requests_per_minute": 60}}'""",
    "CLASH_PRESETS": """'{"cheap": {"image": "fal:fal-ai/flux-2/turbo"}}'""",
    "CLASH_RETENTION": """'{"checkpoints": "steps", "request_days": 30}'""",
    "CLASH_SCREENPLAY_BASE_URL": "https://api.example.com/v1",
    "CLASH_WEBHOOK": "https://hooks.example.com/clash",
    "FAL_BASE_URL": "https://fal.example.com",
}
"""Values that can be typed, for settings whose default is none."""


class SettingFault(NamedTuple):
    """A setting whose value cannot be used. `place`: the keys on the way to it, in a setting that is JSON."""

    variable: str
    why: str
    example: str
    place: tuple[int | str, ...] = ()
    where: str | None = None
    """`--fps`, `in the environment`, `in .env, line 3`; None if Python code gave it."""

    @property
    def name(self) -> str:
        """The option or the variable, with the keys below it."""
        first = self.where if self._is_option else self.variable
        return ".".join((str(first), *map(str, self.place)))

    @property
    def says(self) -> str:
        """What is wrong, and where."""
        return self.why if self.where is None or self._is_option else f"{self.why} ({self.where})"

    @property
    def hint(self) -> str:
        """What can be typed instead."""
        return f"{self.where} {self.example}" if self._is_option else f"{self.variable}={self.example}"

    @property
    def _is_option(self) -> bool:
        return self.where is not None and self.where.startswith("--")


def example_of(variable: str, default: object) -> str:
    """Return a value that this setting can have, as it is typed in a shell and in `.env`."""
    if (known := _EXAMPLES.get(variable)) is not None:
        return known
    return "true" if isinstance(default, bool) else str(default)


def found_at(variable: str, flags: Mapping[str, str], environment: Mapping[str, str]) -> str:
    """Return where the value of a setting in force was found."""
    if variable in flags:
        return f"--{variable.removeprefix('CLASH_').lower().replace('_', '-')}"
    if variable in environment:
        return "in the environment"
    line = line_of(DOT_ENV, variable)
    return f"in {DOT_ENV}, line {line}" if line else f"in {DOT_ENV}"


def error_of(faults: Sequence[SettingFault]) -> SettingsError:
    """Return the error that tells all of these at once."""
    hint = f"for example {' '.join(fault.hint for fault in faults)}"
    if len(faults) > 1:
        told = "; ".join(f"{fault.name}: {fault.says}" for fault in faults)
        return SettingsError(f"{len(faults)} settings cannot be used: {told}", hint=hint)
    fault = faults[0]
    kind = "" if fault.name.startswith("--") else "the setting "
    return SettingsError(f"{kind}{fault.name} cannot be used: {fault.says}", hint=hint)
