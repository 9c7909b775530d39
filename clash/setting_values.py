"""What a setting is, and how its value is read: from the text of a variable or a flag, or as Python gave it.

Only a value that is given is read, so that who sets nothing waits for nothing: a pydantic model of all settings would
take as long to build as most commands take to answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import Field, SecretStr, TypeAdapter, ValidationError

from clash.redaction import redacted_text

Read = Callable[[Any], Any]
_LONGEST_SHOWN = 60
_KEY = "[key]"
"""What pydantic adds to the place of a key that cannot be one."""
_WORDS = {
    "dict_type": "is not a JSON object: {...}",
    "model_type": "is not a JSON object: {...}",
    "model_attributes_type": "is not a JSON object: {...}",
    "string_type": "is not a text",
    "bool_parsing": "is neither true nor false",
    "bool_type": "is neither true nor false",
    "int_from_float": "is not a whole number",
    "int_parsing": "is not a whole number",
    "int_type": "is not a whole number",
    "float_parsing": "is not a number",
    "float_type": "is not a number",
    "decimal_parsing": "is not a number",
    "decimal_type": "is not a number",
    "finite_number": "is not a number",
}
"""What is said of a value, by the type of error that pydantic names."""
_LIMITS = (("ge", "at least"), ("gt", "more than"), ("le", "at most"), ("lt", "less than"))


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


def shown(value: object) -> str:
    """Return a value as an error names it: cut where it is long, and not at all where it may hold a password.

    >>> shown("abc"), shown("https://me:pw@host/")
    ("'abc'", 'the value')
    """
    said = str(value)
    if "://" in said or "@" in said:
        return "the value"
    return repr(redacted_text(said if len(said) <= _LONGEST_SHOWN else f"{said[:_LONGEST_SHOWN]}..."))


def words_of(error: ValidationError) -> str:
    """Return what is wrong with a value, in plain words: the first fault that pydantic found."""
    first = error.errors(include_url=False)[0]
    kind, context = first["type"], first.get("ctx", {})
    said = shown(first["input"])
    if kind == "literal_error":
        return f"{said} is not one of {context['expected'].replace(' or ', ', ')}"
    if kind == "extra_forbidden":
        return f"there is no {str(first['loc'][-1])!r} in it"
    for name, words in _LIMITS:
        if name in context:
            return f"{said} is not {words} {context[name]}"
    return f"{said} {_WORDS[kind]}" if kind in _WORDS else first["msg"].removeprefix("Value error, ")


def validated(form: Any, value: Any) -> Any:
    """Return a value in the form of a type, as pydantic reads it. Raise `UnusableValueError`."""
    try:
        return TypeAdapter[Any](form).validate_python(value)
    except ValidationError as error:
        place = error.errors(include_url=False, include_context=False, include_input=False)[0]["loc"]
        raise UnusableValueError(words_of(error), tuple(key for key in place if key != _KEY)) from None


def json_object(value: Any) -> Any:
    """Return what a JSON text holds, {} for an empty one; a value that is no text as it is."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value or "{}")
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise UnusableValueError(f"{shown(value)} is not JSON ({where} cannot be read)") from None
    except RecursionError:
        raise UnusableValueError("it is not JSON: it is nested too deeply") from None


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

    def read(value: Any) -> Any:
        try:
            return validated(Annotated[kind, Field(ge=ge, gt=gt, le=le)], value)
        except UnusableValueError:
            raise UnusableValueError(f"{shown(value)} is not {_expected(kind, ge, gt, le)}") from None

    return read


def _expected(kind: type, ge: float | None, gt: float | None, le: float | None) -> str:
    """`a whole number from 8 to 60`."""
    what = "a whole number" if kind is int else "an amount in dollars" if kind is Decimal else "a number"
    if ge is not None and le is not None:
        return f"{what} from {ge} to {le}"
    limits = (("more than", gt), ("at least", ge), ("at most", le))
    return ", ".join((what, *(f"{words} {limit}" for words, limit in limits if limit is not None)))


def setting(variable: str, default: Any, read: Read = text, *, empty_is_unset: bool = False) -> Any:
    """Declare a setting of `Settings`."""
    return Setting(variable, default, read, empty_is_unset)
