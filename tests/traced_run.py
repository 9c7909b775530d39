"""Runs the command line of clash where a tracer provider is set, and writes the spans to the file SPANS."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from clash.cli.app import main

exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
code = main(sys.argv[1:])
spans = [json.loads(span.to_json()) for span in exporter.get_finished_spans()]
Path(os.environ["SPANS"]).write_text(json.dumps(spans), encoding="utf-8")
sys.exit(code)
