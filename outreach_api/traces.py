"""Traces, for whoever wants to see where time goes: off, unless an address to send them to is set.

A span is a contact being sent, a message being answered, a tick. Attributes are ids, enums and counts, as in the log:
no names, numbers or texts. Where nothing is traced a span is nothing at all, and OpenTelemetry is not even imported.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from outreach_api.language import say
from outreach_api.processes import ProcessFault

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

NAME = "outreach"
Fact = str | int

_tracer: Tracer | None = None


class Noted:
    """What a span is told while it lasts."""

    def __init__(self) -> None:
        self.facts: dict[str, Fact] = {}

    def note(self, **facts: Fact) -> None:
        self.facts |= facts


def use_tracer(tracer: Tracer | None) -> None:
    """Trace with this from now on; None: not at all."""
    global _tracer
    _tracer = tracer


@contextlib.contextmanager
def span(name: str, **facts: Fact) -> Iterator[Noted]:
    """A span around the block, with what is known before it and what is noted in it.

    A fault is told by its type alone: its message may be personal.
    """
    noted = Noted()
    if _tracer is None:
        yield noted
        return
    with _tracer.start_as_current_span(
        name, attributes=facts, record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield noted
        except Exception as fault:
            noted.note(fault=type(fault).__name__)
            raise
        finally:
            current.set_attributes(noted.facts)


@contextlib.contextmanager
def tracing(endpoint: str, *, process: str) -> Iterator[None]:
    """Send traces to an OTLP collector (`http://…:4318/v1/traces`) during the block; without an address, none.

    Raises:
        ProcessFault: an address is set, but OpenTelemetry is not installed.
    """
    if not endpoint:
        yield
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as missing:
        zh = "OUTREACH_TRACES_URL 已设置，但没有 OpenTelemetry：先运行 uv sync --group tracing"
        en = "OUTREACH_TRACES_URL is set but OpenTelemetry is missing: run uv sync --group tracing"
        raise ProcessFault(say(zh, en)) from missing
    provider = TracerProvider(resource=Resource.create({"service.name": f"{NAME}-{process}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint)))
    use_tracer(provider.get_tracer(NAME))
    try:
        yield
    finally:
        use_tracer(None)
        provider.shutdown()
