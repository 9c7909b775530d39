"""Tell OpenTelemetry of a run: a span of the workflow, in it one of each step, in those one of each call.

Names and attributes are those of the semantic conventions for generative AI. Nothing happens without the package
`opentelemetry-api` (extra `otel`) or without a tracer provider that a program has set. No attribute holds words of the
story: of a slot that is named after somebody, only its kind is told.
"""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from clash.calls.changes import CallChange
from clash.production.progress import Event
from clash.version import __version__
from clash.workflow.state import WORKFLOW

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

logger = logging.getLogger(__name__)

_MICRO = 1_000_000
_OUTPUT_TYPES = {"screenplay": "json", "image": "image", "speech": "speech", "video": "video"}
_NAMED_AFTER_PEOPLE = ("character:", "location:", "prop:")


class RunSpans:
    """The spans of one run in this process. What fails in tracing is logged, and never the run's fault."""

    def __init__(self, thread_id: str) -> None:
        self._thread_id = thread_id
        self._root: Span | None = None
        self._is_broken = False
        self._steps: dict[str, Span] = {}
        self._calls: dict[str, Span] = {}

    @contextmanager
    def of_run(self) -> Generator[None]:
        """Begin the span of the workflow, which is the current one within; end all that are open after it."""
        try:
            from opentelemetry import trace
        except ImportError:
            yield
            return
        attributes = {
            "gen_ai.operation.name": "invoke_workflow",
            "gen_ai.workflow.name": WORKFLOW,
            "gen_ai.conversation.id": self._thread_id,
            "clash.run.id": self._thread_id,
        }
        self._root = _tracer().start_span(f"invoke_workflow {WORKFLOW}", attributes=attributes)
        try:
            # An exception's text may hold words of the story.
            with trace.use_span(self._root, record_exception=False, set_status_on_exception=False):
                yield
        finally:
            self._end_all()

    def observe(self, event: Event) -> None:
        """Begin or end the span that an event is about."""
        if self._root is None or self._is_broken:
            return
        try:
            if event.call is not None:
                self._call(event.call)
            elif event.kind == "step_started":
                self._step(event.step)
            elif event.kind == "step_finished" and (step := self._steps.pop(event.step, None)) is not None:
                step.end()
        except Exception:
            logger.exception("OpenTelemetry failed; this run is not traced any further")
            self._is_broken = True

    def ended(self, status: str, code: str | None, cost_usd: str) -> None:
        """Say how the run ended, on the span of the workflow. `cost_usd`: of the run in all processes."""
        if self._root is None:
            return
        self._root.set_attributes({"clash.run.status": status, "clash.run.cost.usd": float(cost_usd)})
        if code is not None:
            _fail(self._root, code)

    def _end_all(self) -> None:
        """End the innermost first. A call that is open may come back in another process."""
        root, self._root = self._root, None
        for call in self._calls.values():
            call.set_attribute("clash.call.state", "open")
        for span in (*self._calls.values(), *self._steps.values(), *([root] if root is not None else [])):
            span.end()
        self._calls.clear()
        self._steps.clear()

    def _step(self, name: str) -> Span | None:
        if name not in self._steps:
            self._steps[name] = self._begin(name, self._root, {"clash.step": name})
        return self._steps[name]

    def _call(self, call: CallChange) -> None:
        span = self._calls.pop(call.call, None)
        if span is None:
            attributes: dict[str, Any] = {
                "gen_ai.operation.name": "generate_content",
                "gen_ai.provider.name": call.service,
                "gen_ai.request.model": call.model,
                "gen_ai.output.type": _OUTPUT_TYPES[call.kind],
                "gen_ai.conversation.id": self._thread_id,
                "clash.run.id": self._thread_id,
                "clash.step": call.step,
                "clash.slot": _without_names(call.slot),
                "clash.take": call.take,
                "clash.call.id": call.call,
            }
            span = self._begin(f"generate_content {call.model}", self._step(call.step), attributes, client=True)
        if call.state == "reserved":
            self._calls[call.call] = span
            return
        span.set_attributes({"clash.cost.usd": call.cost_micro / _MICRO, "clash.call.state": call.state})
        if call.error is not None:
            _fail(span, call.error)
        span.end()

    def _begin(self, name: str, parent: Span | None, attributes: dict[str, Any], *, client: bool = False) -> Span:
        from opentelemetry import trace

        context = None if parent is None else trace.set_span_in_context(parent)
        kind = trace.SpanKind.CLIENT if client else trace.SpanKind.INTERNAL
        return _tracer().start_span(name, context=context, kind=kind, attributes=attributes)


def _tracer() -> Tracer:
    from opentelemetry import trace

    return trace.get_tracer("clash", __version__)


def _fail(span: Span, code: str) -> None:
    from opentelemetry.trace import StatusCode

    span.set_attribute("error.type", code)
    span.set_status(StatusCode.ERROR)


def _without_names(slot: str) -> str:
    """Return a slot without the name of somebody in it.

    >>> _without_names("character:mara"), _without_names("shot:003/keyframe")
    ('character', 'shot:003/keyframe')
    """
    return slot.partition(":")[0] if slot.startswith(_NAMED_AFTER_PEOPLE) else slot
