"""What a report about another public matter is about, so that it reaches the right department."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

OTHER = "其他"
_SUBJECTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "噪音": ("噪音", "吵", "噪声", "广场舞", "装修声", "施工", "音响", "狗叫", "嘈"),
        "路灯": ("路灯", "灯不亮", "灯坏", "照明", "黑灯瞎火"),
        "漏水": ("漏水", "渗水", "水管", "爆管", "停水", "下水道", "堵了", "积水", "井盖"),
        "垃圾": ("垃圾", "臭", "脏", "卫生", "老鼠", "蟑螂"),
        "停车": ("停车", "乱停", "占道", "堵路", "车位", "消防通道", "电动车", "电瓶车"),
        "电梯": ("电梯",),
        "安全": ("消防", "着火", "电线", "高空抛物", "小偷", "不安全", "危险", "掉下来", "煤气", "燃气"),
        "物业": ("物业", "保安", "管理费"),
    }
)


def appeal_subject(text: str) -> str:
    """The first subject that a word of the text belongs to."""
    return next((name for name, words in _SUBJECTS.items() if any(word in text for word in words)), OTHER)
