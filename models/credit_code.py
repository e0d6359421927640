"""Unified social credit codes (GB 32100): 18 characters, the last of which checks the others."""

from __future__ import annotations

from enum import StrEnum

# Digits and capitals without I, O, S, V, Z, in the order of their values.
CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUES = {character: value for value, character in enumerate(CHARACTERS)}
_MODULUS = len(CHARACTERS)
_WEIGHTS = tuple(pow(3, place, _MODULUS) for place in range(17))


class CreditCodeFault(StrEnum):
    """Why a text is no unified social credit code."""

    WRONG_LENGTH = "wrong_length"
    WRONG_CHARACTER = "wrong_character"
    WRONG_CHECK_CHARACTER = "wrong_check_character"


def check_character(first_17: str) -> str:
    """The character that the standard asks for after these 17."""
    weighted = sum(weight * _VALUES[character] for weight, character in zip(_WEIGHTS, first_17, strict=True))
    return CHARACTERS[-weighted % _MODULUS]


def parse_credit_code(text: str) -> str | CreditCodeFault:
    """The code in capitals, or what is wrong with it. Spaces are the caller's to remove."""
    code = text.upper()
    if len(code) != 18:
        return CreditCodeFault.WRONG_LENGTH
    if any(character not in _VALUES for character in code):
        return CreditCodeFault.WRONG_CHARACTER
    if check_character(code[:17]) != code[17]:
        return CreditCodeFault.WRONG_CHECK_CHARACTER
    return code
