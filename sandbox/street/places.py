"""Where people live on the street: communities, buildings and doors."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

STREET = "清水桥街道"

_COMMUNITIES: tuple[tuple[str, str, float, float], ...] = (
    ("桥东社区", "桥东路", 22.5571, 114.1302),
    ("桥西社区", "清水河一路", 22.5588, 114.1246),
    ("翠岭社区", "翠岭街", 22.5640, 114.1331),
    ("木棉社区", "木棉岭路", 22.5662, 114.1287),
    ("荔湾里社区", "荔湾里巷", 22.5615, 114.1210),
    ("田心园社区", "田心二路", 22.5701, 114.1195),
    ("东湖湾社区", "东湖湾路", 22.5683, 114.1388),
    ("银河社区", "银河街", 22.5549, 114.1265),
    ("泥岗坊社区", "泥岗北路", 22.5727, 114.1130),
    ("梅园西社区", "梅园路", 22.5750, 114.1172),
)
_ESTATES = ("花园", "苑", "新村", "大厦", "阁", "家园", "宿舍")
_ESTATE_NAMES = (
    "翠景",
    "怡和",
    "鸿泰",
    "金安",
    "碧水",
    "松竹",
    "丰泽",
    "南晖",
    "华侨",
    "百合",
    "邮电",
    "外贸",
    "长青",
    "德兴",
)


@dataclass(frozen=True, slots=True)
class Building:
    community: str
    code: str
    name: str
    address: str
    lat: float
    lon: float
    floors: int


def build_street(rng: Random, households: int) -> list[Building]:
    """Enough buildings for about forty households each, spread over the ten communities."""
    return [_building(rng, number) for number in range(max(20, households // 40))]


def a_shop(rng: Random) -> tuple[str, str]:
    """The community and the address of a firm."""
    community, road, _, _ = rng.choice(_COMMUNITIES)
    return (
        community,
        f"{road}{rng.randrange(1, 200)}号{rng.choice('ABC')}座{rng.randrange(2, 20)}{rng.randrange(1, 12):02}",
    )


def _building(rng: Random, number: int) -> Building:
    community, road, lat, lon = _COMMUNITIES[number % len(_COMMUNITIES)]
    name = f"{rng.choice(_ESTATE_NAMES)}{rng.choice(_ESTATES)}{number % 12 + 1}栋"
    return Building(
        community=community,
        code=f"440303{number % len(_COMMUNITIES) + 1:03}{number:05}",
        name=name,
        address=f"深圳市罗湖区{road}{number // 10 * 2 + 1}号{name}",
        lat=round(lat + rng.uniform(-0.004, 0.004), 6),
        lon=round(lon + rng.uniform(-0.004, 0.004), 6),
        floors=rng.choice((6, 7, 7, 9, 18, 28, 32)),
    )


def describe_places(buildings: list[Building]) -> dict[str, Any]:
    """The address register, and one service station in the middle of each community."""
    return {
        "stations": [
            {"name": f"{community}服务站", "street": STREET, "community": community, "lat": lat, "lon": lon}
            for community, _, lat, lon in _COMMUNITIES
        ],
        "buildings": [
            {
                "address": building.address,
                "street": STREET,
                "community": building.community,
                "lat": building.lat,
                "lon": building.lon,
            }
            for building in {building.address: building for building in buildings}.values()
        ],
    }


def door(rng: Random, building: Building) -> str:
    return f"{int(rng.random() * building.floors) + 1}{int(rng.random() * 8) + 1:02}"
