"""The settings that `.env` of the working directory has, as a source of pydantic-settings."""

from __future__ import annotations

from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource

from clash.dotenv_file import DOT_ENV, read_dotenv


class DotEnvSource(PydanticBaseSettingsSource):
    """Reads the settings from `.env` of the working directory, and ignores everything else in it."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        variable = str(field.validation_alias)
        return self().get(variable), variable, False

    def __call__(self) -> dict[str, Any]:
        names = frozenset(str(field.validation_alias) for field in self.settings_cls.model_fields.values())
        found = read_dotenv(DOT_ENV, names).values
        values = {name.upper(): value for name, value in found.items() if value is not None}
        return {name: value for name, value in values.items() if name in names}
