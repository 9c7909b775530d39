"""The calls of a run that another run keeps: found by what was asked for, whatever slot it was asked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from clash.calls.content_key import content_key, kind_of
from clash.calls.dry_run import PlannedCall
from clash.calls.spec import CallSpec
from clash.database.rows import CallRow
from clash.errors import ClashError
from clash.providers.ports import ImageRequest, Kind
from clash.providers.registry import Model, Registry


class KeptCalls:
    """The calls that a run has made, by the keys that they have today.

    `made`: every call of the run's steps, as a dry run of it found them. In the steps of `whatever_model` a call is
    kept though another model would be asked now, and a card though another size would be asked for (`card_size`: the
    pixels of the run's own cards).
    """

    def __init__(
        self,
        made: Sequence[PlannedCall],
        registry: Registry,
        *,
        whatever_model: Collection[str] = (),
        card_size: tuple[int, int] | None = None,
    ) -> None:
        self._registry = registry
        self._whatever_model = whatever_model
        self._card_size = card_size
        self._of_key: dict[str, CallRow] = {}
        self._models: dict[Kind, dict[str, Model]] = {}
        for call in made:
            if call.row is not None:
                self._add(call, call.row)

    def _add(self, call: PlannedCall, row: CallRow) -> None:
        model = self._model_of(row)
        if model is None:
            self._of_key.setdefault(row.key, row)
            return
        self._models.setdefault(call.kind, {})[model.spec] = model
        key = call.key if model.spec == call.model else content_key(model, call.task.request, take=call.task.key_take)
        self._of_key.setdefault(key, row)

    def _model_of(self, row: CallRow) -> Model | None:
        """The model that was asked; None if its provider is not installed any more."""
        try:
            return Model(self._registry.provider(row.service), row.model)
        except ClashError:
            return None

    def find(self, task: CallSpec, key: str) -> CallRow | None:
        """Return the call of the run that made what is asked for; None if there is none."""
        return None if (found := self.look_up(task, key)) is None else found[1]

    def look_up(self, task: CallSpec, key: str) -> tuple[str, CallRow] | None:
        """Return the same with the key under which it is recorded."""
        row = self._of_key.get(key)
        return (key, row) if row is not None else self._of_another_model(task)

    def _of_another_model(self, task: CallSpec) -> tuple[str, CallRow] | None:
        if task.step not in self._whatever_model:
            return None
        request = task.request
        if self._card_size is not None and isinstance(request, ImageRequest) and request.subject != "keyframe":
            width, height = self._card_size
            request = request.model_copy(update={"width": width, "height": height})
        models: Mapping[str, Model] = self._models.get(kind_of(request), {})
        keys = (content_key(model, request, take=task.key_take) for model in models.values())
        return next(((key, row) for key in keys if (row := self._of_key.get(key)) is not None), None)
