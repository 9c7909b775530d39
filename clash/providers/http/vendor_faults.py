"""What is wrong in a vendor's file: all of it at once, by key, in plain words, with what is allowed."""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from clash.providers.http.template import names_in
from clash.providers.http.vendor import (
    Bill,
    BillPart,
    Endpoint,
    Errors,
    Exchange,
    States,
    VendorFile,
    VendorModel,
    VendorPrice,
)
from clash.providers.model_limits import ModelData, Voices

Place = tuple[str | int, ...]
"""Where a key stands: `("models", 0, "prices")`."""
Fault = tuple[Place, str]

_COMMON = frozenset({"model", "seed", "call"})
_NAMES: Mapping[str, frozenset[str]] = {
    "image": frozenset(
        {"prompt", "width", "height", "size", "aspect_ratio"}
        | {"reference", "references", "reference_base64", "references_base64"}
    ),
    "video": frozenset(
        {"prompt", "width", "height", "size", "aspect_ratio", "resolution", "duration", "sound"}
        | {"keyframe", "keyframe_base64", "last_frame", "last_frame_base64"}
    ),
    "speech": frozenset({"text", "voice", "language", "language_code"}),
}
"""What a body may name, by what its model makes."""
_UNITS: Mapping[str, tuple[str, ...]] = {
    "image": ("image", "megapixel"),
    "video": ("clip", "second", "million tokens"),
    "speech": ("1000 characters",),
}
"""In what the prices of a model may be, by what it makes."""
_WRITTEN_ON = datetime.date(2026, 11, 27)
"""When this was written: a clock that is behind it is wrong, and no measure of what lies in the future."""
_TABLES: Mapping[str, type[ModelData]] = {
    "": VendorFile,
    "errors": Errors,
    "exchange": Exchange,
    "endpoints.*": Endpoint,
    "endpoints.*.states": States,
    "endpoints.*.billed": Bill,
    "endpoints.*.billed.parts.*": BillPart,
    "models.*": VendorModel,
    "models.*.prices.*": VendorPrice,
    "models.*.languages.*": Voices,
}
_NEEDS_ALL = {"prices", "languages", "billed"}
"""Tables that are nothing without each of their keys."""
_FROM_THE_FILES_NAME = {"name", "provider"}
_WORDS = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "date_from_datetime_parsing": "must be a day such as 2026-11-27",
    "date_parsing": "must be a day such as 2026-11-27",
    "date_type": "must be a day such as 2026-11-27",
    "decimal_parsing": "must be a number",
    "decimal_type": "must be a number",
    "dict_type": "must be a table: { name = value }",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "model_type": "must be a table: { name = value }",
    "string_too_short": "must not be empty",
    "string_type": 'must be a text: "..."',
    "tuple_type": "must be a list: [ ... ]",
}
_PATTERNS = {
    "base_url": "must be an address that starts with https:// and has no user, no ?, no # and no / at its end",
    "name": "the file's name must be a lower-case letter, then letters, digits, - or _: acme.toml",
}


def faults_in(error: ValidationError, data: object) -> list[Fault]:
    """Return what is wrong with single keys."""
    errors = error.errors(include_url=False)
    places = [_place_of(one) for one in errors]
    # A list whose items are wrong is said to be too short as well, which it is not.
    found = [(_place_of(one), _words_of(one)) for one in errors if not _is_short_by_its_items(one, places)]
    return sorted(dict.fromkeys(found), key=lambda fault: _order(fault[0], data))


def _is_short_by_its_items(error: ErrorDetails, places: Sequence[Place]) -> bool:
    place = _place_of(error)
    below = (other for other in places if len(other) > len(place))
    return error["type"] == "too_short" and any(other[: len(place)] == place for other in below)


def _order(place: Place, data: object) -> tuple[int, ...]:
    """As the keys stand in the file; those that are missing last."""
    order: list[int] = []
    for step in place:
        keys: list[object] = []
        if isinstance(data, Mapping):
            table = cast("Mapping[object, object]", data)
            keys, data = list(table), table.get(step)
        elif isinstance(data, list) and isinstance(step, int):
            items = cast("list[object]", data)
            keys, data = list(range(len(items))), items[step] if step < len(items) else None
        order.append(keys.index(step) if step in keys else 10_000)
    return tuple(order)


def _place_of(error: ErrorDetails) -> Place:
    return error["loc"]


def _words_of(error: ErrorDetails) -> str:
    kind, limits = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_key(error["loc"])
    if kind == "missing":
        return "is missing"
    if kind == "literal_error" and error["loc"][-1] == "kind":
        return f"must be one of: {', '.join(repr(one) for one in _NAMES)}"
    if kind == "literal_error":
        return f"must be one of: {limits['expected'].replace(' or ', ', ')}"
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(str(error["loc"][-1]), f"must look like {limits['pattern']}")
    if kind in ("too_short", "too_long"):
        return "has too few entries" if kind == "too_short" else "has too many entries"
    for name, words in (("gt", "more than"), ("ge", "at least"), ("lt", "less than"), ("le", "at most")):
        if name in limits:
            return f"must be {words} {limits[name]}"
    return _WORDS.get(kind, error["msg"].removeprefix("Value error, "))


def _unknown_key(place: Place) -> str:
    table = _TABLES.get(_pattern_of(place[:-1]))
    key, known = str(place[-1]), sorted(set(table.model_fields) - _FROM_THE_FILES_NAME) if table else []
    near = difflib.get_close_matches(key, known, 1)
    meant = f" (did you mean {near[0]}?)" if near else ""
    return f"there is no key {key!r} here{meant}; allowed: {', '.join(known)}"


def _pattern_of(place: Place) -> str:
    """`endpoints.clips.states` as `endpoints.*.states`."""
    steps = [str(step) for step in place]
    for named, position in (("endpoints", 1), ("models", 1), ("prices", 3), ("languages", 3), ("parts", 4)):
        if len(steps) > position and steps[position - 1] == named:
            steps[position] = "*"
    return ".".join(steps)


def faults_between(vendor: VendorFile) -> Iterator[Fault]:
    """Yield what does not go together in a file whose single keys are right."""
    yield from _faults_of_headers(vendor)
    yield from _faults_of_days(vendor)
    for name, endpoint in vendor.endpoints.items():
        for fault in _faults_of_endpoint(endpoint):
            yield ("endpoints", name), fault
    for position, model in enumerate(vendor.models):
        for fault in _faults_of_model(vendor, model):
            yield ("models", f"{position} ({model.id})"), fault
        for number, price in enumerate(model.prices):
            if price.unit not in (units := _UNITS.get(model.kind, (price.unit,))):
                place: Place = ("models", f"{position} ({model.id})", "prices", number, "unit")
                yield place, f"{price.unit!r} is no unit of {model.kind}; allowed: {', '.join(units)}"
    ids = [model.id for model in vendor.models]
    for position, model in enumerate(vendor.models):
        if model.id in ids[:position]:
            yield ("models", f"{position} ({model.id})"), "there is a model of this id before it"


def _faults_of_days(vendor: VendorFile) -> Iterator[Fault]:
    """Days on which nobody has read a page yet. A day more is let through: it begins earlier elsewhere."""
    days: list[tuple[Place, datetime.date | None]] = [(("checked_on",), vendor.checked_on)]
    if vendor.exchange is not None:
        days.append((("exchange", "checked_on"), vendor.exchange.checked_on))
    for position, model in enumerate(vendor.models):
        for number, price in enumerate(model.prices):
            place = ("models", f"{position} ({model.id})", "prices", number, "checked_on")
            days.append((place, price.checked_on))
    today = datetime.datetime.now(datetime.UTC).date()
    latest = max(today, _WRITTEN_ON) + datetime.timedelta(days=1)
    for place, day in days:
        if day is not None and day > latest:
            yield place, f"{day} is in the future; it is the day on which the vendor's page was read"


def _faults_of_headers(vendor: VendorFile) -> Iterator[Fault]:
    sent = {*names_in(vendor.headers)}
    for one in vendor.endpoints.values():
        sent |= {*names_in(one.headers)}
    known = {"call", "token"} if vendor.auth else {"call", "key"}
    for unknown in sorted(sent - known):
        yield ("headers",), f"${{{unknown}}} is no value of a header; known: {', '.join(sorted(known))}"
    signs = "token" if vendor.auth else "key"
    for name, one in vendor.endpoints.items():
        for unknown in sorted(set(names_in(one.result_headers)) - {signs}):
            place = ("endpoints", name, "result_headers")
            yield place, f"${{{unknown}}} is no value of a header of a file; known: {signs}"
        sent |= {*names_in(one.result_headers)} & known
    if vendor.auth and not (vendor.key and vendor.secret):
        yield ("auth",), "needs `key` and `secret`, the variables of what a token names and of what signs it"
    if vendor.secret and not vendor.auth:
        yield ("secret",), 'is for auth = "jwt-hs256", which signs a token with it'
    if (signs in sent) != bool(vendor.key):
        yield ("key",), f"`key` names the variable of the key, and a header sends it as ${{{signs}}}: one is missing"
    bodies = {name for one in vendor.endpoints.values() for name in names_in(one.body)}
    if vendor.idempotent and "call" not in sent | bodies:
        yield ("idempotent",), "needs a header or a value that sends ${call}, the key of the call"


def _faults_of_states(states: States) -> Iterator[str]:
    stands: dict[str, str] = {}
    for state in States.model_fields:
        for word in dict.fromkeys(cast("tuple[str, ...]", getattr(states, state))):
            if word in stands:
                yield f"`states` has {word!r} under {stands[word]} and under {state}; a word stands for one of them"
            stands.setdefault(word, state)


def _faults_of_endpoint(endpoint: Endpoint) -> Iterator[str]:
    if endpoint.states is not None:
        yield from _faults_of_states(endpoint.states)
    if endpoint.job and not (endpoint.poll and endpoint.state and endpoint.states):
        yield "an endpoint with `job` also needs `poll`, `state` and `states`"
    if endpoint.states and not endpoint.states.succeeded:
        yield "`states` needs the vendor's words for `succeeded` and `failed`"
    elif endpoint.states and not (endpoint.states.failed or endpoint.failed_if):
        yield "`states` needs the vendor's words for `succeeded` and `failed` (or `failed_if`)"
    if not endpoint.job and (endpoint.poll or endpoint.fetch or endpoint.find):
        yield "`poll`, `fetch` and `find` are for jobs: `job` says where the job's id stands"
    if bool(endpoint.file) != bool(endpoint.fetch):
        yield "`file` and `fetch` belong together: where the file's id stands, and the call that asks for it"
    if not endpoint.result and endpoint.result_is != "body":
        yield '`result` is missing: where the file stands in the answer, or result_is = "body"'
    if endpoint.result_headers and endpoint.result_is != "url":
        yield '`result_headers` are for a file that is fetched: result_is = "url"'
    if bool(endpoint.find) != bool(endpoint.found):
        yield "`find` and `found` belong together: the look-up, and where the job's id stands in it"
    if endpoint.find and "call" not in {*names_in(endpoint.body), *names_in(endpoint.headers)}:
        yield '`find` looks for "$call", which neither `body` nor `headers` sends'
    if endpoint.billed is not None and bool(endpoint.billed.units) == bool(endpoint.billed.parts):
        yield "`billed` needs `units` (in the unit of the price) or `parts`, and not both"


def _faults_of_model(vendor: VendorFile, model: VendorModel) -> Iterator[str]:
    if model.endpoint not in vendor.endpoints:
        yield f"there is no endpoint {model.endpoint!r}; known: {', '.join(vendor.endpoints)}"
        return
    if model.kind not in _NAMES:
        yield f"kind {model.kind!r} is not one of: {', '.join(_NAMES)}"
        return
    named, known = set(names_in(vendor.body_of(model))), _NAMES[model.kind] | _COMMON
    for unknown in sorted(named - known):
        yield f"the body names ${unknown}; known for {model.kind}: {', '.join(sorted(known))}"
    for able in ("last_frame", "sound", "seed"):
        if getattr(model, able) and not named & {able, f"{able}_base64"}:
            yield f"{able} = true, but the body does not name ${able}"
    if model.most_references and not any(name.startswith("reference") for name in named):
        yield "most_references is set, but the body does not name $reference"
    if model.kind == "speech" and not model.languages:
        yield "a speech model needs the voices of one language at least: [models.languages.en]"
    limited = {*model.durations_at, *model.tokens_per_s, *model.last_frame_at, *model.sound_at}
    for unknown in sorted(limited - {*model.resolutions, ""}):
        yield f"there is no resolution {unknown!r}; known: {', '.join(model.resolutions) or 'none'}"
    for able, limits in (("last_frame", model.last_frame_at), ("sound", model.sound_at)):
        if limits and not getattr(model, able):
            yield f"{able}_at needs {able} = true"
    if model.sound_always and model.sound:
        yield "sound_always is for models that are not asked for sound; leave out sound = true"
    currencies = ["USD", *([vendor.exchange.currency] if vendor.exchange else [])]
    for unknown in sorted({price.currency for price in model.prices} - {*currencies}):
        yield f"a price is in {unknown}; known: {', '.join(currencies)} ([exchange] adds one)"


def told(faults: Sequence[Fault]) -> str:
    """Return the faults as text: one behind the file's name, several below each other."""
    lines = [f"{'.'.join(str(step) for step in place)}: {words}" if place else words for place, words in faults]
    return f": {lines[0]}" if len(lines) == 1 else f" has {len(lines)} faults:\n  " + "\n  ".join(lines)


def without(data: Any, faults: Sequence[Fault]) -> tuple[Any, set[Place]]:
    """Return the file's data without the keys that are wrong, and the tables that are no longer whole.

    What else is wrong in the rest can then be told in one go.
    """
    gone = {_whole(place) for place, _ in faults}
    return _pruned(data, (), gone), {place[:-1] for place in gone}


def _whole(place: Place) -> Place:
    """The key to leave out: the table around it where that cannot be without it."""
    end = next((position for position, step in enumerate(place) if step in _NEEDS_ALL), len(place) - 1)
    return place[: end + 1]


def _pruned(data: Any, place: Place, gone: set[Place]) -> Any:
    if isinstance(data, Mapping):
        table = cast("Mapping[str, Any]", data)
        return {k: _pruned(v, (*place, k), gone) for k, v in table.items() if (*place, k) not in gone}
    if isinstance(data, list):
        items = cast("list[Any]", data)
        return [_pruned(v, (*place, k), gone) for k, v in enumerate(items) if (*place, k) not in gone]
    return data
