"""What residents are told of the use of their data, as each channel can say it; and the full text for everybody."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from outreach_api.privacy.grades import GRADES


class NoticeWay(StrEnum):
    """How it is given: a text on a phone holds two sentences, a call what somebody can keep in mind."""

    SMS = "sms"
    VOICE = "voice"
    CHAT = "chat"
    VISIT = "visit"


NOTICES: Mapping[NoticeWay, str] = {
    NoticeWay.SMS: (
        "【罗湖民政】我们用民政、医保、人社等部门的登记信息，只为找出您该享受、还没办的待遇。"
        "要看、要改、要删或不让比对，回复“人工”。"
    ),
    NoticeWay.VOICE: (
        "跟您说一声：我们是从部门登记的信息里看出您可能可以享受这项待遇的，通话内容会记下来，只用来帮您办事。"
        "您不想让我们比对，或者想看、想改、想删自己的信息，说“人工”就行。"
    ),
    NoticeWay.CHAT: (
        "我们用部门的登记信息比对您该享受、还没办的待遇，您在这里写的话会记下来，只用来帮您办事。"
        "您可以要一份自己的信息，要求更正、删除、不再比对，也可以要求由人来解释任何一项比对结果。"
    ),
    NoticeWay.VISIT: (
        "我们是罗湖区“服务找人”。找到您，是因为部门登记的信息显示您可能可以享受一项待遇。"
        "今天记下来的只用来办这件事。您可以看、可以改、可以要求删除，也可以不让我们再比对；不同意也不影响您到大厅办。"
    ),
}
GUARDIANS = "未满14周岁的孩子，由监护人收到这份告知、作出同意、提出这些要求；孩子的信息一律按敏感信息保护。"
ASK_A_PERSON = "这是按登记信息自动比对出来的，可能有错。您可以不接受只由机器作出的结果，要求由人来看、由人来解释。"
TOLD_OF = ("resident", "match", "message", "case", "consent", "contact_stop", "survey_answer")


def full_notice() -> list[tuple[str, list[str]]]:
    """Heading and sentences, in plain Chinese; what is kept and for how long comes from the table of grades."""
    kept = [f"{GRADES[name].zh}：{GRADES[name].kept.zh}" for name in TOLD_OF]
    return [
        ("谁在用、用来做什么", ["罗湖区“服务找人”用部门的登记信息，找出该享受、还没办的待遇，告诉您，帮您办。"]),
        ("凭什么", ["凭区里找到并服务应享未享居民的法定职责；替您申请、让家人代办，要您自己同意，同意了也能收回。"]),
        ("用哪些信息", ["姓名、电话、身份证号、住址、年龄，和每项待遇的条件要看的登记；您和我们说过的话。"]),
        ("存多久", kept),
        (
            "您可以要求什么",
            [
                "看和拿走一份自己的信息；更正；删除；不让我们比对；收回同意。",
                "每一项都登记成工单，十个工作日内办结；不让比对、收回同意，当场生效。",
                ASK_A_PERSON,
                "回复“人工”、打12345、到大厅或社区，都可以提。",
            ],
        ),
        ("不满14周岁的孩子", [GUARDIANS]),
        ("我们不会做什么", ["不收钱，不问银行卡号、密码、验证码，不把您的信息给别的用途。"]),
    ]
