"""What all documents have in common: they are models that can be read like the dict that becomes the JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SkipValidation

from clash.documents import SCHEMA

Text = Annotated[str, SkipValidation]
"""A text that came from outside: it is told as it came, halves of surrogate pairs included."""
Number = int | float
Usd = Annotated[str, Field(json_schema_extra={"pattern": r"^-?[0-9]+\.[0-9]{6}$"})]
"""Dollars with six decimal places."""
Time = Annotated[str, Field(json_schema_extra={"examples": ["2026-11-23T09:05:01.250Z"]})]
"""UTC, ISO 8601 with milliseconds."""


class Item(BaseModel):
    """A part of a document. Keys that were not given are not in the JSON."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, defer_build=True, frozen=True)

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Self:
        """Return the model of these facts. Raises pydantic's `ValidationError` for facts of another form."""
        return cls.model_validate(facts)

    def dump(self) -> dict[str, Any]:
        """Return the plain dict that becomes the JSON."""
        return self.model_dump(by_alias=True, exclude_unset=True, warnings=False)

    def __getitem__(self, key: str) -> Any:
        """Return what stands under a key of the JSON, as in the dict. Raises `KeyError`."""
        return self.dump()[key]


class Document(Item):
    """A whole document. The command line adds `schema`, the version of the documents."""

    schema_version: Literal[1] = Field(default=SCHEMA, alias="schema")


class DamagedItem(Item):
    """A row of the database that the report leaves out, and what is wrong with it."""

    table: str
    thread_id: str | None
    id: int | None
    name: str | None
    fault: str
