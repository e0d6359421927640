"""Faults on request. Each number has its own dice, so the order of other people's messages changes nothing for it."""

from __future__ import annotations

from enum import StrEnum
from random import Random

from pydantic import BaseModel, ConfigDict, Field


class FaultRates(BaseModel):
    """Shares between 0 and 1."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    timeout_after_accept: float = Field(default=0.0, ge=0, le=1)
    error_before_accept: float = Field(default=0.0, ge=0, le=1)
    error_after_accept: float = Field(default=0.0, ge=0, le=1)
    rate_limited: float = Field(default=0.0, ge=0, le=1)
    duplicate_receipt: float = Field(default=0.0, ge=0, le=1)
    reordered_receipt: float = Field(default=0.0, ge=0, le=1)
    late_receipt: float = Field(default=0.0, ge=0, le=1)


class CreateFault(StrEnum):
    NONE = "none"
    TIMEOUT_AFTER_ACCEPT = "timeout_after_accept"
    ERROR_BEFORE_ACCEPT = "error_before_accept"
    ERROR_AFTER_ACCEPT = "error_after_accept"
    RATE_LIMITED = "rate_limited"


class ReceiptFault(StrEnum):
    DUPLICATE = "duplicate_receipt"
    REORDERED = "reordered_receipt"
    LATE = "late_receipt"


def draw_create_fault(rates: FaultRates, dice: Random) -> CreateFault:
    draw = dice.random()
    for fault in list(CreateFault)[1:]:
        draw -= getattr(rates, fault.value)
        if draw < 0:
            return fault
    return CreateFault.NONE


def draw_receipt_faults(rates: FaultRates, dice: Random) -> frozenset[ReceiptFault]:
    return frozenset(fault for fault in ReceiptFault if dice.random() < getattr(rates, fault.value))
