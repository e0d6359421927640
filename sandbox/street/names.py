"""Names as one hears them in Shenzhen: incomers from all provinces beside Cantonese families."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from random import Random
from typing import Literal

Gender = Literal["男", "女"]
_GENDERS: tuple[tuple[Gender, str], ...] = (("男", "men"), ("女", "women"))

_LISTS: dict[str, str] = tomllib.loads(Path(__file__).with_name("names.toml").read_text(encoding="utf-8"))
_SURNAMES = _LISTS["surnames"].replace("\n", "")
_COMPOUND_SURNAMES = ("欧阳", "司徒", "上官")
_GIVEN: dict[tuple[Gender, str], tuple[str, ...]] = {
    (gender, era): tuple(_LISTS[f"{who}_{era}"].split())
    for gender, who in _GENDERS
    for era in ("before_1962", "before_1992", "since_1992")
}
_GENERATION = "国文志建永家德秀美玉春海伟嘉俊子思雅晓明"
_SIMPLIFIED = "陈张刘黄郑罗谢邓叶赵孙苏谭钟卢区杨马冯庄华国贞娇丽"
_TRADITIONAL = "陳張劉黃鄭羅謝鄧葉趙孫蘇譚鍾盧區楊馬馮莊華國貞嬌麗"
_VARIANTS = str.maketrans(_SIMPLIFIED, _TRADITIONAL)


def surname(rng: Random) -> str:
    return rng.choice(_COMPOUND_SURNAMES) if rng.random() < 0.004 else rng.choice(_SURNAMES)


def full_name(rng: Random, family: str, gender: Gender, born_on: date) -> str:
    era = "before_1962" if born_on.year < 1962 else "before_1992" if born_on.year < 1992 else "since_1992"
    given = rng.choice(_GIVEN[gender, era])
    if len(given) == 1 and rng.random() < 0.55:
        given = rng.choice(_GENERATION) + given
    return family + given


def name_variant(rng: Random, name: str) -> str:
    """The same name as another clerk might type it: traditional characters, or a space after the surname."""
    traditional = name.translate(_VARIANTS)
    if traditional != name and rng.random() < 0.6:
        return traditional
    return f"{name[0]} {name[1:]}"
