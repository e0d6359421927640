"""Names as one hears them in Shenzhen: incomers from all provinces beside Cantonese families."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Literal

Gender = Literal["男", "女"]

_SURNAMES = (
    "陈" * 10 + "李" * 8 + "黄" * 7 + "张" * 6 + "刘" * 6 + "林" * 6 + "王" * 6 + "杨" * 4 + "吴" * 4 + "周" * 3
    + "梁" * 4 + "罗" * 3 + "何" * 3 + "郑" * 2 + "谢" * 3 + "邓" * 3 + "彭" * 2 + "曾" * 3 + "叶" * 2 + "蔡" * 2
    + "朱徐胡郭马高唐许冯曹袁潘蒋蔡余杜钟廖邱莫温麦冼黎卢区招简赖庄江文侯古方姚石熊邹龙万段雷汤尹欧游关" + "赵孙苏谭钟韩"
)  # fmt: skip
_COMPOUND_SURNAMES = ("欧阳", "司徒", "上官")

_GIVEN: dict[tuple[Gender, str], tuple[str, ...]] = {
    ("男", "old"): tuple(["国强", "建国", "志明", "伟雄", "炳坤", "耀华", "德才", "福全", "水生", "金水", "文彬", "汉荣", "锦泉", "树林", "庆祥", "永昌", "兆基", "润田", "学文", "家栋", "观胜", "木生", "玉堂", "运财", "华安", "少雄", "振邦", "立本", "桂生", "锡麟", "茂林", "春生", "火旺", "仕明", "启东", "佑民", "长根", "子良", "楚生", "贵"]),
    ("女", "old"): tuple(["秀英", "桂兰", "玉珍", "惠芳", "月娥", "金娣", "凤仪", "丽华", "素贞", "淑芬", "带娣", "细妹", "春梅", "美玲", "翠珍", "瑞琼", "银好", "桂香", "彩霞", "玉兰", "少芬", "雪梅", "婉容", "招弟", "水仙", "荷英", "碧云", "燕琼", "秋菊", "妙英", "锦绣", "惠贞", "兰芳", "月桂", "宝珠", "群英", "润娣", "柳英", "顺好", "娇"]),
    ("男", "mid"): tuple(["伟", "勇", "军", "志强", "建华", "俊", "海涛", "永健", "国辉", "晓东", "文杰", "志伟", "少华", "锋", "斌", "建平", "立新", "光明", "家豪", "伟明", "卫东", "小军", "春雷", "宏", "向阳", "永强", "嘉荣", "振宇", "学军", "超", "耀辉", "启文", "伟文", "国栋", "庆", "波", "磊", "林", "东升", "海波"]),
    ("女", "mid"): tuple(["丽", "芳", "敏", "静", "燕", "艳", "红梅", "小红", "丽萍", "海燕", "慧", "玲", "雪芬", "晓燕", "美珍", "秀丽", "丹", "春燕", "嘉仪", "婷", "冬梅", "惠", "桂芳", "佩珊", "咏梅", "颖", "娟", "翠玲", "红", "秋霞", "小玲", "建英", "少玲", "莉", "琴", "文静", "霞", "云", "凤", "倩"]),
    ("男", "young"): tuple(["浩然", "子轩", "宇航", "俊杰", "梓豪", "嘉俊", "一鸣", "天佑", "泽宇", "思远", "博文", "睿", "梓轩", "家乐", "铭", "皓", "文轩", "晨", "煜", "乐天", "志豪", "鑫", "子涵", "锦程", "昊", "景行", "承泽", "逸飞", "宇轩", "明哲"]),
    ("女", "young"): tuple(["欣怡", "梓涵", "雨桐", "思琪", "诗琪", "佳怡", "可欣", "语嫣", "晓彤", "嘉欣", "依诺", "乐瑶", "芷晴", "雅婷", "梦瑶", "心怡", "子萱", "婉婷", "静怡", "雪", "嘉慧", "颖欣", "悦", "诗雅", "若曦", "钰", "琳", "安琪", "舒涵", "泳琪"]),
}  # fmt: skip
_GENERATION = "国文志建永家德秀美玉春海伟嘉俊子思雅晓明"
_VARIANTS = str.maketrans(
    "陈张刘黄郑罗谢邓叶赵孙苏谭钟卢区杨马冯庄华国贞娇丽", "陳張劉黃鄭羅謝鄧葉趙孫蘇譚鍾盧區楊馬馮莊華國貞嬌麗"
)


def surname(rng: Random) -> str:
    return rng.choice(_COMPOUND_SURNAMES) if rng.random() < 0.004 else rng.choice(_SURNAMES)


def full_name(rng: Random, family: str, gender: Gender, born_on: date) -> str:
    era = "old" if born_on.year < 1962 else "mid" if born_on.year < 1992 else "young"
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
