"""Whatever is known to be a secret is replaced in every text, in every form that servers and libraries give it."""

from __future__ import annotations

import base64
import html
import json
import pickle
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from cpu_time import grows_in_line
from hypothesis import given
from hypothesis import strategies as st

from clash import redaction
from clash.redaction import HIDDEN, Secrets, redacted_text, safe_exception, safe_url, without_password

FAL = "8a1b2c3d-1111-4222-8333-444455556666:0f1e2d3c4b5a69788796a5b4c3d2e1f0"
GROQ = "gsk_Yx7Qm2LpR9vT4wZk8NbC3dHf"
ODD = "p+w/9=\"q'<&>\\z%1 "
"""A key with every sign that somebody escapes."""


def base64_inside(key: str) -> str:
    return base64.b64encode(b"user:" + key.encode() + b"!").decode()


FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "capitals": str.upper,
    "quoted": repr,
    "for a URL": lambda key: quote(key, safe=""),
    "for a form": quote_plus,
    "twice for a URL": lambda key: quote(quote(key, safe=""), safe=""),
    "for JSON": json.dumps,
    "JSON in JSON": lambda key: json.dumps(json.dumps({"key": key})),
    "JSON of PHP": lambda key: json.dumps(key).replace("/", "\\/"),
    "for HTML": html.escape,
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "base64 for URLs": lambda key: base64.urlsafe_b64encode(key.encode()).decode(),
    "base64 of a user and a password": base64_inside,
    "hex": lambda key: key.encode().hex(),
    "hex in capitals": lambda key: key.encode().hex().upper(),
    "hex with colons": lambda key: key.encode().hex(":"),
    "backwards": lambda key: key[::-1],
    "decimal entities": lambda key: "".join(f"&#{ord(letter)};" for letter in key),
    "hex entities": lambda key: "".join(f"&#x{ord(letter):x};" for letter in key),
    "padded entities": lambda key: "".join(f"&#x{ord(letter):04X};" for letter in key),
    "escaped": lambda key: "".join(f"\\u{ord(letter):04x}" for letter in key),
    "escaped twice": lambda key: "".join(f"\\\\u{ord(letter):04x}" for letter in key),
    "escaped three times": lambda key: "".join(f"\\\\\\\\u{ord(letter):04x}" for letter in key),
}
LONG_FORMS: dict[str, Callable[[str], str]] = {
    "broken over a line": lambda key: f"{key[:7]}\n{key[7:]}",
    "broken over lines of DOS": lambda key: f"{key[:3]}\r\n  {key[3:9]}\r\n  {key[9:]}",
    "broken in JSON": lambda key: json.dumps(f"{key[:7]}\n{key[7:]}")[1:-1],
    "quoted-printable": lambda key: f"{key[:7]}=\n{key[7:]}",
    "base64 in lines": lambda key: base64.encodebytes(key.encode() * 3).decode().replace("\n", "\n ", 1),
    "every second one": lambda key: "".join(f"&#x{ord(c):x};" if n % 2 else c for n, c in enumerate(key)),
    "in every way": lambda key: "".join(
        (c, f"&#{ord(c):04d};", f"%{ord(c):02x}", f"%25{ord(c):02X}", f"\\\\x{ord(c):02x}", f"\\u{{{ord(c):x}}}")[n % 6]
        for n, c in enumerate(key)
    ),
}


def secrets(*values: str) -> Secrets:
    """A registry that knows these keys."""
    known = Secrets()
    for number, value in enumerate(values):
        known.remember(f"KEY_{number}", value)
    return known


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("key", [FAL, GROQ, ODD])
def test_no_form_of_a_key_is_left(key: str, form: str):
    """The words around it stay; of the key itself at most the edge that it shares with its neighbours."""
    shown = secrets(key).hide(f"before ({FORMS[form](key.strip())}) after")
    assert shown.startswith("before (")
    assert shown.endswith(") after")
    assert HIDDEN in shown
    assert len(shown) < len("before () after") + 26


@pytest.mark.parametrize("form", LONG_FORMS)
@pytest.mark.parametrize("key", [FAL, GROQ, *FAL.split(":")])
def test_no_mixture_of_escapes_shows_a_key(key: str, form: str):
    """Each character may be escaped in another way, and lines may end within it; the words around it stay."""
    shown = secrets(key).hide(f"before\n({LONG_FORMS[form](key)})\n%41 after")
    assert shown.startswith("before\n(")
    assert shown.endswith(")\n%41 after")
    assert HIDDEN in shown
    assert len(shown) < len("before\n()\n%41 after") + 30


@pytest.mark.parametrize("letter", ["\\", "%25", "&#x0", "\n", "&#", "\\u00", "=\r\n "])
def test_long_rows_of_escapes_are_read_quickly(letter: str):
    """A text of a server cannot make the search for keys slow: its time grows as its length does."""
    known = secrets(FAL, GROQ)
    assert grows_in_line(lambda size: known.hide(letter * (size // len(letter))), 40_000, 200_000)


@pytest.mark.parametrize("half", FAL.split(":"))
@pytest.mark.parametrize("form", FORMS)
def test_each_half_of_a_key_is_a_secret(half: str, form: str):
    """fal's `id:secret` may come back as either."""
    shown = secrets(FAL).hide(FORMS[form](half))
    assert half.lower() not in shown.lower()
    assert HIDDEN in shown


def test_long_runs_of_a_key_are_secrets():
    """However the signs between them are escaped."""
    assert secrets("key!abcdef1234567890!x").hide("key#33;abcdef1234567890") == f"key#33;{HIDDEN}"


@pytest.mark.parametrize("key", ["k", "ab1", "", "   ", "null", "none"])
def test_a_value_that_is_too_short_is_not_a_secret(key: str):
    """A key of one to three letters would make holes in every text."""
    text = "a k ab1 null and none"
    assert secrets(key).hide(text) == secrets(key).hide(text, foreign=True) == text


def test_a_short_key_is_found_as_a_word_only():
    """It may be part of another word, or of a digest, by accident."""
    known = secrets("ab12")
    assert known.hide("key ab12, id%3Aab12 and xab12 9ab12f") == f"key {HIDDEN}, id%3A{HIDDEN} and xab12 9ab12f"


def test_a_key_that_is_a_word_stays_in_stored_texts():
    """A thread, a file and a story may use the word; a server that says it repeats the key."""
    known = secrets("test")
    assert known.hide("the test of thread test") == "the test of thread test"
    assert known.hide("wrong key: test (testing)", foreign=True) == f"wrong key: {HIDDEN} (testing)"


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("REPLICATE_API_TOKEN", True),
        ("MY_PLUGIN_KEY", True),
        ("runway-api-key", True),
        ("DB_PASSWORD", True),
        ("MYSQL_PWD", True),
        ("GITHUB_PAT", True),
        ("SECRET_KEY_BASE", True),
        ("APIKEY", True),
        ("PWD", False),
        ("OLDPWD", False),
        ("KEYBOARD", False),
        ("SSH_KEY_FILE", False),
        ("SSH_AUTH_SOCK", False),
        ("MONKEY", False),
        ("TOKENIZERS_PARALLELISM", False),
        ("PATH", False),
    ],
)
def test_a_plugins_key_is_recognised_by_its_name(name: str, secret: bool):
    """What sounds like a key is one."""
    known = Secrets()
    known.remember_variables({name: "v4lue-of-somebody"})
    assert (known.hide("v4lue-of-somebody") == HIDDEN) is secret


@pytest.mark.parametrize("value", ["100000", "60.5", "https://example.com/a1b2c3d4", "/", "~"])
def test_numbers_addresses_and_paths_are_not_keys(value: str):
    """MAX_TOKEN=100000 must not make holes in sums of money."""
    known = Secrets()
    known.remember_variables({"MAX_TOKEN": value})
    assert known.hide(f"a {value} b", foreign=True) == f"a {value} b"


@pytest.mark.parametrize(
    "url", ["https://me:s3cr%2Ft99@host/v1", "d1://me:s3cr%2Ft99@films", "http://s3cr%2Ft99@proxy:1"]
)
def test_the_password_of_an_address_is_a_secret(url: str):
    """Both as it is written and unquoted."""
    known = Secrets()
    known.remember_variables({"ALL_PROXY": url})
    for text in (url, "s3cr%2Ft99", "s3cr/t99", base64.b64encode(b"me:s3cr/t99").decode()):
        shown = known.hide(f"<{text}>")
        assert "s3cr" not in shown
        assert HIDDEN in shown
    assert "s3cr" not in without_password(url)
    assert "s3cr" not in safe_url(url)
    assert "s3cr" not in safe_exception(ValueError(f"cannot open {url!r}"))
    assert "s3cr" not in redacted_text(f"cannot open {url}")


def test_a_proxy_without_a_scheme_has_a_password_too():
    """As curl reads HTTPS_PROXY."""
    known = Secrets()
    known.remember_variables({"https_proxy": "me:hunter2@proxy:3128", "MAIL": "me@example.com"})
    assert known.hide("hunter2 and me@example.com") == f"{HIDDEN} and me@example.com"


def test_a_signed_parameter_is_a_secret():
    """A key in the query of a base URL is one as well."""
    known = Secrets()
    known.remember_url("OPENAI_BASE_URL", "https://gateway/v1?tenant=films&api_key=a1b2c3d4e5")
    assert known.hide("films a1b2c3d4e5") == f"films {HIDDEN}"


def test_secrets_cannot_be_read_from_the_registry():
    """Neither printed nor pickled."""
    known = secrets(GROQ)
    assert GROQ not in repr(known) + str(known)
    with pytest.raises(TypeError):
        pickle.dumps(known)


def test_only_the_last_values_of_a_name_are_kept():
    """A server that is given other keys for years does not grow."""
    known = Secrets()
    for number in range(50):
        known.remember("KEY", f"a-key-of-day-{number:04d}")
    assert known.hide("a-key-of-day-0049") == HIDDEN
    assert known.hide("a-key-of-day-0001") == "a-key-of-day-0001"


def test_values_without_secrets_are_returned_unchanged(monkeypatch: pytest.MonkeyPatch):
    """Nothing is copied where nothing is hidden; texts in mappings, lists and names are found."""
    monkeypatch.setattr(redaction.registry, "_known", secrets(GROQ))
    value = {"a": [1, "b", ("c", None)], 3: b"bytes"}
    assert redaction.hide_in(value) is value
    assert redaction.hide_in({"a": [GROQ, (f"x {GROQ}",)], GROQ: 1}) == {"a": [HIDDEN, (f"x {HIDDEN}",)], HIDDEN: 1}


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_other_texts_stay_as_they_are(text: str):
    """No text without the key is changed."""
    assert secrets(FAL, GROQ).hide(text, foreign=True) == text


@given(st.text(st.characters(codec="ascii", exclude_characters=" ", categories=("L", "N", "P", "S")), min_size=16))
def test_any_long_key_is_replaced(key: str):
    """Whatever signs it is made of."""
    known = secrets(key)
    assert key not in known.hide(f"({key}) {key}").replace(HIDDEN, "")
