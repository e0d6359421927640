"""One cell's text to a value: digits of any width, dates of any spelling, phones to E.164, words to codes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date

from models.credit_code import CreditCodeFault, parse_credit_code
from models.id_number import IdNumber, parse_id_number
from scheduler.roster.faults import CREDIT_CODE_FAULTS, ID_FAULTS, RowFault
from scheduler.roster.well_formed_ids import WellFormedIds
from scheduler.rules.fields import FIELDS, Field, FieldType

Value = str | int | float | bool | date | IdNumber
Cleaned = Value | RowFault | None
Cleaner = Callable[[str], Cleaned]

LONGEST_NAME = 60
LONGEST_ADDRESS = 200
TEN_THOUSAND = 10_000

_GAPS = re.compile(r"[\s\u200b\ufeff'`]+")
_IN_NUMBERS = re.compile(r"[\s\-\u2010-\u2015()'`]+")
_DATE = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?)?月?|(\d{2})(\d{2})?)?(?:[ T].*)?")
_MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9]\d{9})")
_LANDLINE = re.compile(r"(?:\+?86|0086)?0?((?:10|2\d|[3-9]\d{2})[2-9]\d{6,7})")
_SEVERAL = re.compile(r"[/,;、，；]")
_COUNT = re.compile(r"(\d{1,9})(?:\.0+)?\s*(?:个月|月|年|岁|次|人|个|周|针|剂)?")
_AMOUNT = re.compile(r"(\d{1,12}(?:\.\d+)?)\s*(万)?元?")
_AS_NUMBER = re.compile(r"\d(?:\.\d+)?[eE]\+?\d+")


def plain(text: str) -> str:
    """Full-width digits and letters made ordinary, outer blanks gone."""
    return (text if text.isascii() else unicodedata.normalize("NFKC", text)).strip()


def _digits(text: str) -> str:
    """A number without the blanks, hyphens and brackets it was typed with."""
    return text if text.isascii() and text.isalnum() else _IN_NUMBERS.sub("", plain(text))


def clean_name(text: str) -> Cleaned:
    """Blanks inside a Chinese name are typing, inside a foreign one they part its words."""
    name = " ".join(plain(text).split())
    if not name.isascii():
        name = name.replace(" ", "").replace("•", "·").replace(".", "·")
    return RowFault.TOO_LONG if len(name) > LONGEST_NAME else name or None


def clean_address(text: str) -> Cleaned:
    address = " ".join(plain(text).split())
    return RowFault.TOO_LONG if len(address) > LONGEST_ADDRESS else address or None


def clean_phone(text: str) -> Cleaned:
    """E.164, mobile or landline; the first where several are given."""
    if len(text) == 11 and text[0] == "1" and text[1] >= "3" and text.isascii() and text.isdecimal():
        return f"+86{text}"
    number = _digits(text if text.isalnum() else _SEVERAL.split(plain(text))[0])
    if not number:
        return None
    if len(number) == 11 and number[0] == "1" and number[1] >= "3" and number.isdecimal():
        return f"+86{number}"
    if _AS_NUMBER.fullmatch(number):
        return RowFault.STORED_AS_NUMBER
    found = _MOBILE.fullmatch(number) or _LANDLINE.fullmatch(number)
    return f"+86{found[1]}" if found else RowFault.PHONE


def id_cleaner(today: date) -> Cleaner:
    well_formed = WellFormedIds(today)

    def clean_id(text: str) -> Cleaned:
        read = well_formed.read(text)
        if read is not None:
            return read
        number = _digits(text)
        if not number:
            return None
        parsed = parse_id_number(number, today=today)
        if isinstance(parsed, IdNumber):
            return parsed
        return RowFault.STORED_AS_NUMBER if _AS_NUMBER.fullmatch(number) else ID_FAULTS[parsed]

    return clean_id


def clean_credit_code(text: str) -> Cleaned:
    code = _digits(text)
    if not code:
        return None
    parsed = parse_credit_code(code)
    if not isinstance(parsed, CreditCodeFault):
        return parsed
    return RowFault.STORED_AS_NUMBER if _AS_NUMBER.fullmatch(code) else CREDIT_CODE_FAULTS[parsed]


def clean_date(text: str) -> Cleaned:
    """A day; of a year and month alone, its first day."""
    spelt = plain(text)
    if not spelt:
        return None
    found = _DATE.fullmatch(spelt)
    if not found:
        return RowFault.DATE
    year, month, day = found[1], found[2] or found[4], found[3] or found[5] or "1"
    try:
        return date(int(year), int(month), int(day)) if month else RowFault.DATE
    except ValueError:
        return RowFault.DATE


def past_date_cleaner(today: date) -> Cleaner:
    def clean_past_date(text: str) -> Cleaned:
        day = clean_date(text)
        return RowFault.FUTURE if isinstance(day, date) and day > today else day

    return clean_past_date


def clean_text(text: str) -> Cleaned:
    word = _GAPS.sub("", plain(text))
    return RowFault.TOO_LONG if len(word) > LONGEST_NAME else word or None


def code_cleaner(codes: Mapping[str, str | int | bool]) -> Cleaner:
    def clean_code(text: str) -> Cleaned:
        word = _GAPS.sub("", plain(text)).lower()
        return codes.get(word, RowFault.CODE) if word else None

    return clean_code


def fact_cleaner(name: str, known: Mapping[str, Mapping[str, str | int | bool]]) -> Cleaner:
    """The cleaner of a rule field by its type; words for its codes are the field's own, or those of a like field."""
    entry = FIELDS.get(name)
    match entry.type if entry else None:
        case FieldType.BOOL:
            return code_cleaner(known["yes_no"])
        case FieldType.INT | FieldType.NUMBER:
            return clean_count if entry and entry.type is FieldType.INT else clean_amount
        case FieldType.DATE:
            return clean_date
        case FieldType.CODE if entry and entry.codes:
            alike = next((words for like, words in known.items() if _shares_codes(like, entry)), {})
            own = {**{word.lower(): code for code, word in entry.codes.items()}, **{code: code for code in entry.codes}}
            return code_cleaner({**own, **alike})
        case _:
            return clean_text


def _shares_codes(name: str, entry: Field) -> bool:
    return name in FIELDS and FIELDS[name].codes is entry.codes


def clean_count(text: str) -> Cleaned:
    """A whole number, with or without its unit: 36, 36个月, １２."""
    found = _COUNT.fullmatch(plain(text).replace(",", ""))
    return int(found[1]) if found else RowFault.NUMBER if text.strip() else None


def clean_amount(text: str) -> Cleaned:
    """A number, with or without its unit; 5.4万 is 54000."""
    found = _AMOUNT.fullmatch(plain(text).replace(",", ""))
    if not found:
        return RowFault.NUMBER if text.strip() else None
    return round(float(found[1]) * (TEN_THOUSAND if found[2] else 1), 2)


class Remembered(dict[str, Cleaned]):
    """A cleaner that works once for each spelling: columns of dates and codes have few."""

    def __init__(self, clean: Cleaner) -> None:
        super().__init__()
        self._clean = clean

    def __missing__(self, text: str) -> Cleaned:
        cleaned = self[text] = self._clean(text)
        return cleaned
