"""Remember the secrets of this process, and replace them by `***` in every text that leaves it.

They are collected from the settings, the environment, `.env` and the keyring. The registry is never printed, pickled or
copied; it returns only texts in which the secrets are replaced.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NoReturn, cast

from clash.redaction.escapes import hide_escaped
from clash.redaction.forms import SHORTEST_ALONE, Form, form_of_userinfo, forms_of

HIDDEN = "***"

Kind = Literal["key", "guess", "userinfo"]

_SHORTEST_USERINFO = 6
_MOST_VALUES = 8
"""How many values of one name are remembered: a long process may be given another key."""
_SECRET_NAME = re.compile(
    r"(?:^|[_\-.])(?:api_?keys?|keys?|tokens?|secrets?|pass(?:word|wd|phrase)?|pwd|pw|credentials?|pat|auth|bearer|cookie"
    r"|signature|sas)(?:[_\-.]|$)|apikey|secret|password|token$",
    re.IGNORECASE,
)
_NO_SECRET_NAME = re.compile(r"^(?:old)?pwd$|_(?:file|path|dir|name|ttl|limit|sock|host|region)$", re.IGNORECASE)
_USER_IN_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://([^/?#\s\"'<>]*)@")
_AFTER_HOST = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*")
_QUERY = re.compile(r"[?&;]([^=&;#\s]+)=([^&;#\s]+)")
_LIKE_A_NUMBER = re.compile(r"[\d.,:+-]{1,15}")


class Secrets:
    """Knows the values that must not leave this process, and returns texts without them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, list[tuple[str, Kind]]] = {}
        self._built: tuple[_Found, _Found] | None = None

    def __repr__(self) -> str:
        return f"<{sum(map(len, self._values.values()))} secrets>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("secrets are not pickled")

    # -- what is secret --------------------------------------------------------------------------------------

    def remember(self, name: str, value: str, kind: Kind = "key") -> None:
        """Remember a value as a secret.

        "guess": it is the value of a variable whose name suggests a key; "userinfo": it is before an address's @.
        """
        with self._lock:
            known = self._values.setdefault(name, [])
            if (value, kind) in known or (value, "key") in known:
                return
            known.append((value, kind))
            del known[:-_MOST_VALUES]
            self._built = None

    def remember_url(self, name: str, url: str) -> None:
        """Remember the user, the password and the signed parameters of an address as secrets."""
        for match in _USER_IN_URL.finditer(url):
            user, separator, password = match[1].partition(":")
            if len(match[1]) >= _SHORTEST_USERINFO:
                self.remember(f"{name} userinfo", match[1], "userinfo")
            self.remember(f"{name} password", password if separator else user)
        for parameter, value in _QUERY.findall(url):
            if sounds_secret(parameter):
                self.remember(f"{name} {parameter}", value)

    def remember_setting(self, name: str, value: str) -> None:
        """Remember a setting that is secret as a whole: keys separated by spaces, or an address."""
        if "://" in value:
            self.remember_address(name, value)
            return
        self.remember(name, value)
        for key in value.split():
            self.remember(name, key.removeprefix("whsec_"))

    def remember_address(self, name: str, url: str) -> None:
        """Remember an address that is a secret itself: its path, or a parameter of any name, lets one in."""
        self.remember_url(name, url)
        rest = _AFTER_HOST.sub("", url)
        if rest.strip("/"):
            self.remember(name, url)
            self.remember(f"{name} path", rest)

    def remember_variables(self, variables: Mapping[str, str | None]) -> None:
        """Remember the keys in an environment's variables, and the passwords in its addresses."""
        for name, value in variables.items():
            if not value:
                continue
            if sounds_secret(name) and not _is_no_secret(value):
                self.remember(name.upper(), value, "guess")
            if "://" in value:
                self.remember_url(name.upper(), value)
            elif "@" in value and name.upper().endswith("_PROXY"):  # curl accepts user:password@host too
                self.remember_url(name.upper(), f"http://{value}")

    # -- texts without it ------------------------------------------------------------------------------------

    def hide(self, text: str, *, foreign: bool = False) -> str:
        """Return a text in which every secret is replaced. `foreign`: also those that resemble a common word."""
        found = (self._built or self._build())[foreign]
        if not found.texts:
            return text  # each of the long ones is one of them
        low = text.lower()
        if any(form in low for form in found.texts):
            text = found.pattern.sub(HIDDEN, text)
        return hide_escaped(text, found.long_texts, lambda: found.long_pattern, HIDDEN)

    def _build(self) -> tuple[_Found, _Found]:
        with self._lock:
            values = [item for values in self._values.values() for item in values]
            self._built = built = _found_of(values)
            return built


def _found_of(values: Sequence[tuple[str, Kind]]) -> tuple[_Found, _Found]:
    """Return what is replaced in our own texts, and what in those of servers and libraries."""
    forms: dict[str, Form] = {}
    for value, kind in values:
        of_value = [form_of_userinfo(value)] if kind == "userinfo" else forms_of(value, named_key=kind == "key")
        for form in of_value:
            before = forms.get(form.text)
            if before is None or (form.sure, form.alone) > (before.sure, before.alone):
                forms[form.text] = form
    # The longest first, so that a whole secret is replaced and not only a part of it.
    ordered = sorted(forms.values(), key=lambda form: -len(form.text))
    return _Found([form for form in ordered if form.sure]), _Found(ordered)


class _Found:
    """What is replaced: the forms in lower case, for a fast first check, and the pattern that finds them.

    The long ones are also found where they are escaped, or broken over lines. Most texts have no secret: to compile
    the patterns takes a tenth of a second, and waits until one is there.
    """

    def __init__(self, forms: Sequence[Form]) -> None:
        self._forms = forms
        self._long = [form for form in forms if form.alone and len(form.text) >= SHORTEST_ALONE]
        self.texts = tuple(form.text for form in forms)
        self.long_texts = tuple(form.text for form in self._long)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return _pattern_of(self._forms)

    @cached_property
    def long_pattern(self) -> re.Pattern[str]:
        return _pattern_of(self._long)


def _pattern_of(forms: Sequence[Form]) -> re.Pattern[str]:
    return re.compile("|".join(form.pattern for form in forms) or r"(?!)", re.IGNORECASE)


def sounds_secret(name: str) -> bool:
    """Return whether the name of a variable or parameter suggests that its value is a secret.

    >>> sounds_secret("REPLICATE_API_TOKEN"), sounds_secret("KEYBOARD"), sounds_secret("SSH_KEY_FILE")
    (True, False, False)
    """
    return _SECRET_NAME.search(name) is not None and _NO_SECRET_NAME.search(name) is None


def _is_no_secret(value: str) -> bool:
    """Return whether a value is a number, an address, or a path of this machine."""
    if _LIKE_A_NUMBER.fullmatch(value) or re.match(r"[a-z][a-z0-9+.-]*://", value):
        return True
    return len(value) < 4096 and value[:1] in "/~." and os.path.lexists(Path(value).expanduser())


_known = Secrets()
_environment_read = False


def known() -> Secrets:
    """Return the secrets of this process, including those of its environment."""
    global _environment_read
    if not _environment_read:
        _environment_read = True
        _known.remember_variables(os.environ)
    return _known


def hide(text: str) -> str:
    """Return a text in which each known secret, and each usual encoding of it, is replaced by `***`.

    A key that resembles a common word, such as `test`, stays: it may be there by accident. See `hide_foreign`.
    """
    return known().hide(text)


def hide_foreign(text: str) -> str:
    """Do the same for the text of a server or library, which rather repeats a key than uses a word by accident."""
    return known().hide(text, foreign=True)


def hide_in(value: Any) -> Any:
    """Return plain values (mappings, lists, texts) without secrets; the same object if there are none."""
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, dict):
        items = cast("dict[Any, Any]", value)
        hidden = {hide_in(name): hide_in(item) for name, item in items.items()}
        same = all(a is c and b is d for (a, b), (c, d) in zip(items.items(), hidden.items(), strict=False))
        return items if same and len(hidden) == len(items) else hidden
    if type(value) in (list, tuple):
        sequence = cast("list[Any] | tuple[Any, ...]", value)
        found = [hide_in(item) for item in sequence]
        if all(a is b for a, b in zip(sequence, found, strict=True)):
            return value
        return found if isinstance(value, list) else tuple(found)
    return value
