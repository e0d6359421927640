"""How the same fact is typed by different hands: dates, digits, phones and identity numbers."""

from __future__ import annotations

from datetime import date
from random import Random

from sandbox.street.identity import fifteen_digits

_FULL_WIDTH = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")


def dashed(day: date) -> str:
    return f"{day.year}-{day.month:02}-{day.day:02}"


def untidy_date(rng: Random, day: date) -> str:
    draw = rng.random()
    if draw < 0.55:
        return f"{day.year}-{day.month:02}-{day.day:02}"
    if draw < 0.8:
        return f"{day.year}/{day.month}/{day.day}"
    text = f"{day.year}{day.month:02}{day.day:02}"
    return text.translate(_FULL_WIDTH) if draw > 0.99 else text


def untidy_id(rng: Random, id_number: str) -> str:
    """Mostly right; now and then lower case, full width, spaced, or the 15 digits of the old card."""
    draw = rng.random()
    if draw < 0.9:
        return id_number
    if draw < 0.95:
        return id_number.lower()
    if draw < 0.965:
        return id_number.translate(_FULL_WIDTH)
    if draw < 0.98:
        return f" {id_number[:6]} {id_number[6:14]} {id_number[14:]}"
    return fifteen_digits(id_number) if id_number[6:8] == "19" and id_number[6:10] < "1966" else id_number


def untidy_phone(rng: Random, phone: str | None) -> str:
    if phone is None:
        return ""
    if phone.startswith("0"):
        return f"{phone[:4]}-{phone[4:]}"
    draw = rng.random()
    if draw < 0.8:
        return phone
    if draw < 0.87:
        return f"{phone[:3]} {phone[3:7]} {phone[7:]}"
    if draw < 0.93:
        return "+86" + phone
    if draw < 0.98:
        return "86-" + phone
    return phone.translate(_FULL_WIDTH)
