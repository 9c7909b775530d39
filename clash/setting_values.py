"""What a setting is, and how its value is read: from the text of a variable or a flag, or as Python gave it.

Only a value that is given is read, so that who sets nothing waits for nothing: a pydantic model of all settings would
take as long to build as most commands take to answer.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import Field, SecretStr, TypeAdapter, ValidationError

Read = Callable[[Any], Any]


class UnusableValueError(ValueError):
    """A value that a setting cannot have. `place`: the keys on the way to it, in a setting that is JSON."""

    def __init__(self, why: str, place: tuple[int | str, ...] = ()) -> None:
        super().__init__(why)
        self.why = why
        self.place = place


class Setting(NamedTuple):
    """One setting: its variable, its default, how a value is read, and whether an empty variable sets nothing."""

    variable: str
    default: Any
    read: Read
    empty_is_unset: bool = False

    def value_of(self, given: Any) -> Any:
        """Return the value that was given. Raise `UnusableValueError`."""
        if self.default is None and (given is None or (given == "" and self.empty_is_unset)):
            return None
        try:
            return self.read(given)
        except UnusableValueError:
            raise
        except ValueError as error:
            raise UnusableValueError(str(error)) from None


def validated(form: Any, value: Any) -> Any:
    """Return a value in the form of a type, as pydantic reads it. Raise `UnusableValueError`."""
    try:
        return TypeAdapter[Any](form).validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise UnusableValueError(first["msg"].removeprefix("Value error, "), first["loc"]) from None


def text(value: Any) -> str:
    """Return a text as it is."""
    return value if isinstance(value, str) else validated(str, value)


def path(value: Any) -> Path:
    """Return a path."""
    return Path(value) if isinstance(value, str) else validated(Path, value)


def secret(value: Any) -> SecretStr:
    """Return a text that is shown nowhere."""
    return SecretStr(value) if isinstance(value, str) else validated(SecretStr, value)


def flag(value: Any) -> bool:
    """Return yes or no."""
    return validated(bool, value)


def number(kind: type, *, ge: float | None = None, gt: float | None = None, le: float | None = None) -> Read:
    """Return what reads a number of this type within limits."""
    return lambda value: validated(Annotated[kind, Field(ge=ge, gt=gt, le=le)], value)


def setting(variable: str, default: Any, read: Read = text, *, empty_is_unset: bool = False) -> Any:
    """Declare a setting of `Settings`."""
    return Setting(variable, default, read, empty_is_unset)
