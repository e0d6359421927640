"""The street's firms: the registrar's roster, the founders' register, who has the start-up subsidy and who does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from sandbox.street.identity import NumberRegistry, credit_code, wrong_check_character
from sandbox.street.names import full_name, surname
from sandbox.street.places import STREET, a_shop
from sandbox.street.sources import Fault, Source
from sandbox.street.untidiness import dashed, untidy_phone

STARTUP = "startup-subsidy"
FIRMS, YOUNG, MISSED = 40, 20, 6
"""Of forty firms twenty are young enough and founded by graduates; six of those never applied."""

_BRANDS = ("启明", "远帆", "合众", "云杉", "百川", "知行", "青禾", "拓新", "南风", "积木")
_TRADES = (
    ("科技", "软件和信息技术服务业"),
    ("贸易", "批发业"),
    ("设计", "专业技术服务业"),
    ("餐饮", "餐饮业"),
    ("教育咨询", "教育"),
    ("电子商务", "零售业"),
)
_SIZES = ("微型", "微型", "小型")


@dataclass(frozen=True, slots=True)
class Firm:
    serial: int
    name: str
    credit_code: str
    clerk: str
    phone: str
    size: str
    industry: str
    community: str
    address: str
    established_on: date
    founder: str


@dataclass(frozen=True, slots=True)
class Firms:
    """The truth about the firms, taken on the start date."""

    all: tuple[Firm, ...]
    enrolled: tuple[Firm, ...]
    missed: tuple[Firm, ...]


def found_firms(rng: Random, start: date, numbers: NumberRegistry) -> Firms:
    firms = tuple(_firm(rng, serial, start, numbers) for serial in range(FIRMS))
    entitled = firms[:YOUNG]
    missed = tuple(sorted(rng.sample(entitled, MISSED), key=lambda firm: firm.serial))
    return Firms(firms, tuple(firm for firm in entitled if firm not in missed), missed)


def _firm(rng: Random, serial: int, start: date, numbers: NumberRegistry) -> Firm:
    """The first are young and a graduate's; of the rest every other one is old, or its founder is not entitled."""
    trade, industry = rng.choice(_TRADES)
    community, address = a_shop(rng)
    is_old = serial >= YOUNG and serial % 2 == 0
    age = timedelta(days=rng.randrange(1300, 4000) if is_old else rng.randrange(300, 900))
    born_on = date(rng.randrange(1985, 2002), rng.randrange(1, 13), 15)
    return Firm(
        serial=serial,
        name=f"深圳市{_BRANDS[serial % len(_BRANDS)]}{rng.choice('一达安和兴')}{trade}有限公司",
        credit_code=credit_code(f"91440303MA5{rng.randrange(10**6):06}"),
        clerk=full_name(rng, surname(rng), rng.choice(("男", "女")), born_on),
        phone=numbers.mobile(),
        size=rng.choice(_SIZES),
        industry=industry,
        community=community,
        address=address,
        established_on=start - age,
        founder="毕业5年内" if serial < YOUNG or is_old else "其他深户",
    )


def firm_files(rng: Random, firms: Firms, start: date) -> tuple[Source, ...]:
    return _roster(rng, firms.all, start), _founders(rng, firms.all), _enrolled(rng, firms.enrolled, start)


def _roster(rng: Random, firms: Sequence[Firm], start: date) -> Source:
    header = [
        "统一社会信用代码",
        "企业名称",
        "联系人",
        "联系人电话",
        "企业规模",
        "所属行业",
        "街道",
        "社区",
        "经营地址",
    ]
    source = Source("enterprises.csv", [*header, "成立日期", "正常经营月数", "经营状态", "更新日期"])
    for firm in firms:
        months = (start - firm.established_on).days // 31
        noted_on = start - timedelta(days=rng.randrange(5, 60))
        row = [firm.credit_code, firm.name, firm.clerk, untidy_phone(rng, firm.phone), firm.size, firm.industry]
        row += [STREET, firm.community, firm.address, dashed(firm.established_on), f"{months}个月", "存续"]
        source.rows.append([*row, dashed(noted_on)])
    spoilt = [list(source.rows[at]) for at in (1, 2)]
    for row in spoilt:
        row[0] = wrong_check_character(row[0])
    source.rows.extend(spoilt)
    source.faults[Fault.CREDIT_CODE] = len(spoilt)
    return source


def _founders(rng: Random, firms: Sequence[Firm]) -> Source:
    header = [
        "统一社会信用代码",
        "创办人类别",
        "创办人户籍",
        "是否法人或出资人",
        "创办人本企业社保月数",
        "初创补贴已领",
    ]
    source = Source("enterprise_founders.csv", header)
    for firm in firms:
        hukou = "非深户" if firm.founder == "毕业5年内" else rng.choice(("广东", "外省"))
        source.rows.append([firm.credit_code, firm.founder, hukou, "是", str(rng.randrange(7, 20)), "否"])
    return source


def _enrolled(rng: Random, firms: Sequence[Firm], start: date) -> Source:
    source = Source("enrolled_startup-subsidy.csv", ["企业名称", "统一社会信用代码", "发放日期"])
    for firm in firms:
        paid_on = start - timedelta(days=rng.randrange(30, 200))
        source.rows.append([firm.name, firm.credit_code, dashed(paid_on)])
    return source
