"""Traces: a span for each send and each turn, with ids and outcomes and nothing personal; none unless asked for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from outreach_api.traces import span, tracing, use_tracer
from tests.delivery.office import Office


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    use_tracer(provider.get_tracer("test"))
    yield exporter
    use_tracer(None)


def test_a_send_is_a_span_that_names_nobody(spans: InMemorySpanExporter) -> None:
    office = Office()
    contact = office.due()
    office.deliver()
    (sent,) = [one for one in spans.get_finished_spans() if one.name == "contact.send"]
    assert dict(sent.attributes or {}) == {"contact": contact, "channel": "sms", "outcome": "accepted"}
    assert sent.end_time is not None


def test_a_fault_is_told_by_its_type_alone(spans: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="13800138000"), span("tick", slots=1):
        raise ValueError("13800138000")
    (told,) = spans.get_finished_spans()
    assert dict(told.attributes or {}) == {"slots": 1, "fault": "ValueError"}
    assert "13800138000" not in told.to_json()


def test_without_an_address_nothing_is_traced(spans: InMemorySpanExporter) -> None:
    use_tracer(None)
    with tracing("", process="worker"), span("tick", slots=1):
        pass
    assert spans.get_finished_spans() == ()
