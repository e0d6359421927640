"""What the words themselves say about a reading: a few patterns, each one a statement about the message.

They decide nothing alone. `second_look` takes a reading back that the words speak against.
"""

from __future__ import annotations

import re

from outreach_api.conversations.exact_words import Exact, normalise, read_exact_word

_CLAUSES = re.compile(r"[，,。；;！!？?、~\s]+")
_QUESTION = re.compile(
    r"[?？]|([^不唔])[不唔]\1|是不是|会不会|能不能|可不可以|要不要|有没有|是否|吗|么$|怎么|为什么|什么|多少|几(多|时|点|号|岁)|哪|咩|点解|点样"
)
_MONEY_GONE = r"(钱|津贴|补贴|卡|机会|名额|资格|短信|手机|信号|电|额度|号码)[^,。]{0,8}(没了|没有了|没咗|冇咗|不见了)"
_STOPPING = re.compile(
    r"退|订|停|删|拉黑|屏蔽|拦|骚扰|打扰|清静|消停|名单|取消|撤|注销|移除|收到|接收|推送|拒|勿|烦|滚|闭嘴|收声|stop|td"
    r"|(别|不要|不用|不必|不想|不许|不准|不能|莫|甭|唔好|唔使|咪|少)[^,。]{0,10}(打|发|發|联系|聯|找|搵|来|嚟|通知|吵|嘈|理|接|send)"
    r"|够了|到此|再(打|发|来)",
    re.IGNORECASE,
)
_ENDING_IT = re.compile(
    r"退订|拉黑|屏蔽|骚扰|打扰|清静|消停|烦|滚|闭嘴|收声|够了|stop"
    r"|(别|不要|不用|不必|不想|不许|不准|莫|甭|唔好|唔使|咪)[^,。]{0,6}(打|发|發|联系|聯|找|搵|来电|通知|吵|嘈)",
    re.IGNORECASE,
)
_THINKING = re.compile(r"考虑|想想|想一想|想下|想清楚|谂")
_HOLD_ON = re.compile(r"(别|不要|先别|唔好|咪|莫)(急着)?(挂|掛|收线|走开?$)")
_PARTNER = r"(老伴|爱人|老公|老婆|先生|太太|丈夫|妻子|老头子?|那口子)"
_WIDOWED = re.compile(
    rf"{_PARTNER}[^,。]{{0,6}}(走|去世|过世|不在|没|病逝).*(我自己|我还|我能|我可以|那我|我这|我一个人|剩我|我要|我想)"
)
_WENT_OUT = (
    r"(走|出去|出门|出街|不在(?!了|世|人)(家|屋企|屋里)?|唔喺度|没在家)[^死世]{0,80}"
    r"(回来|返嚟|等下|等会|一会|待会|晚点|(?<![别要许准好])再打|去公园|买菜|散步|打麻将|跳舞|遛弯|上班|上学|去医院|锻炼|喝茶|饮茶|钓鱼|旅游|下楼|出去)"
)
_NOT_AT_HOME = (
    r"(^|[他她爸妈爷奶公婆人们我])(现在|这会儿?|今天|暂时|刚好?)?"
    r"(不在家|不在屋|没在家|唔喺屋企|出去了|出门了|走开了?|走先)"
)
_PAPERS_DONE = r"(手续|流程|程序|审批|材料)[^,。]{0,6}走"
_WALKING = r"走(不动|不了|路|唔到|得慢|错)"
_HYPOTHETICAL = r"(要是|如果|万一|假如|以后|将来)[^,。]{0,8}(去世|过世|不在|没了|走了|死)"
_AWAY = re.compile(f"{_WENT_OUT}|{_NOT_AT_HOME}")
_NO_DEATH = re.compile("|".join((_MONEY_GONE, _WENT_OUT, _NOT_AT_HOME, _PAPERS_DONE, _WALKING, _HYPOTHETICAL)))
_DEATH_BEYOND_DOUBT = re.compile(
    r"(老人|我?(爸|妈|父亲|母亲|爷爷|奶奶|外公|外婆|阿婆|阿公)|他|她)[^老如要]{0,6}(去世|过世|病逝|病故|逝世|过身)"
)
_HESITATION = re.compile(
    r"考虑|再想想|想一?想|想下|商量|到时候?再|再说吧?$|过后再说|再看看?吧?$|谂[下吓]|拿不定|说不准|犹豫"
    r"|(先|要|得|等我?)(去|来|回去|回家)?(问|打听)(问|下|一下|过|清楚)?(我?(家里|女儿|儿子|老伴|孩子|仔|女|老公|老婆)|再)"
    r"|问(问|下|一下|过)?我?(家里|女儿|儿子|老伴|孩子|仔|女)|(12345|社区|居委会)[^,。]{0,4}问"
)
_DECIDED = re.compile(
    r"不用(再)?(考虑|商量|想|问)|(考虑|想|商量|问)(好|过|清楚)了|商量了|想了?(想|下|一下)?[^,。]{0,2}(还是|就)(要|办|领|申请|同意)"
)
_WANTING = re.compile(r"(?<![不别没唔])(要|办|领|申请|参加)(?!是|求|紧)")
_CONDITION = re.compile(r"(如果|要是|只要|假如|除非|的话).*(同意|我?就(办|要|申请|可以|行)|可以办|愿意|再办|先办)")
_WITH_STRINGS = re.compile(
    r"(同意|可以|行|好|办)[^。]{0,4}(但是?|不过|可是)[^。]{0,4}(要|得|先|等|你们|不能|别)|才(同意|办|申请|要)"
)
_ABOUT_AGREEING = re.compile(
    r"同意(了|以后|之后|的话)?[^,，。；!！\s]{0,6}(扣|收|要|影响|怎么|什么|有|能|会|就)|(回|发|写|点)了?[“\"']?同意|要是同意|如果同意"
)
_NO_KEYWORD = re.compile(
    r"(不|没|没有|谁|未|唔|冇|别)(太|大|想|是|能|会|敢|肯|要)*同意|同意(不|吗|么|没)|才同意|同意(个|什么|啥|你个|你妈)|帮我回|假装|假设|当作|[a-z]{3}",
    re.IGNORECASE,
)
_KIN = (
    r"(老人家?|老太太?|老爷子|老头子?|老伴|(我|俺)?(家)?(老)?(爸|妈|父亲|母亲|爷爷?|奶奶?|外公|外婆|阿公|阿婆|公公|婆婆|岳父|岳母|阿妈|老豆|老母)"
    r"|他|她|佢)"
)
_REPORTED = re.compile(
    rf"{_KIN}(老人家)?(自己|本人)?(说|說|讲|講|話|话|表示|点头|点了头|已经|都|也|刚才?|嘴上|说了|讲咗|系|是)*同意"
)
_NEGATION = re.compile(r"[不没别未唔冇非甭莫拒]|反对|算了|个屁|才怪")
_OWN_WORD = re.compile(r"本人同意|我同意|也同意我")
_ALONE = re.compile(
    r"(?:那|好的|好|行|可以|嗯|哦|知道了|明白了?|谢谢)*+(?:我们|我|等我?|到时候?)*+自己(去|来|办|弄|过去|跑一趟)"
    r"(?:办|做|弄|查|就行|就可以|吧|好了|得了|啦|了|啊)*+(谢谢)?"
)
_BENIGN = (
    r"(那|那么|好|好的|行|可以|嗯|哦|喂|对|是|系|係|的|得|事|这个|这件|这项|个|件|我|我们|本人|老人家?|也|都|就|很|非常|完全|愿意|"
    r"申请|办理|办|领取?|登记|高龄|老年人?|老人|津贴|补贴|补助|了|吧|啊|呀|啦|喔|呢|嘅|喇|谢谢|麻烦(你们?|您)?(了)?|请(你们|帮我)?|帮我|你们|您|"
    r"给我|现在|马上)"
)
_KEYWORD = re.compile(rf"{_BENIGN}*同意{_BENIGN}*")
_LONGEST_WITH_KEYWORD = 22
_ABUSE = re.compile(
    r"他妈|你妈|[操草]你|[肏艹]|傻[逼bx叉屄]|煞笔|神经病|有病吧|去死|滚(蛋|开|远点)?$|王八|混蛋|不要脸|脑残|白痴|扑街|仆街|死开|痴线|黐线"
    r"|狗屁|放屁|狗日|龟儿|妈的|贱人|垃圾(东西|玩意)"
)
_ORDERS = re.compile(
    r"ignore|忽略[^,。]{0,8}(指令|规则|提示|设定|内容)|系统管理员|超级管理员|提示词|prompt|指令|system|assistant|\{|扮演|假装|假设你(是|现在)"
    r"|你现在(就)?是(管理员|系统|一个)|开发者模式|越狱|outcome|consent|select\s|drop\s|<script|把(状态|我)(标记|改|设)成?为?",
    re.IGNORECASE,
)
_SARCASM = re.compile(r"(同意|要|办|领|谢|满意|好)(个|你个|条)(屁|鬼|头|锤子|毛|球|铲铲)|(同意|办|谢)你(妈|大爷|个头)")
_GOODBYE = re.compile(r"再见|再會|拜拜|拜了|挂了|掛了|bye", re.IGNORECASE)
_COURTESY = re.compile(
    r"谢|謝|唔该|唔該|多谢|辛苦|知道了|知道啦|晓得|明白|清楚了|了解|记住了|收到|听懂了|原来如此|哦原来"
)
_REFUSES_HELP = re.compile(r"^(不用|不要|不必|不需要|先不|暂时不|唔使|唔要|唔洗|不麻烦|免了|别来|别麻烦|算了)")
_REFUSES_BENEFIT = re.compile(
    r"(不|唔|没)(想|要|打算|愿意)?(再)?(办|申请|领|做|要了|查了|打了|参加|感兴趣)|没兴趣|冇兴趣|名额|放弃"
)
_TAKES_HELP = re.compile(
    r"^(好|要|行|可以|係|系|是|对|嗯好|得|麻烦|那就|那好|拜托)(的|啊|呀|嘅|吧|啦|了|喇|喔)*([,，、\s]|$|你|请|麻烦|来|派|叫|谢)"
)
_CHARGED = re.compile(r"扣(钱|费|我)|收(我)?(钱|费)|骗|划走|盗")


def clauses_of(text: str) -> list[str]:
    return [clause for clause in _CLAUSES.split(text) if clause]


def asks_something(text: str) -> bool:
    return bool(_QUESTION.search(text))


def rules_out_death(text: str) -> bool:
    """钱没了, 手续走完了, 去公园了, 老伴走了我还能办吗: somebody who is alive writes, or nobody died."""
    plain = _spoken(text)
    if _WIDOWED.search(plain) or re.search(_HYPOTHETICAL, plain):
        return True
    return bool(_NO_DEATH.search(plain)) and not _DEATH_BEYOND_DOUBT.search(plain)


def is_away(text: str) -> bool:
    """他不在 上班去了: somebody else answered, the resident comes back."""
    return bool(_AWAY.search(_spoken(text)))


def speaks_of_stopping(text: str) -> bool:
    """Whether a word in it is usual for ending the messages."""
    return bool(_STOPPING.search(normalise(text)))


def may_end_it(text: str) -> bool:
    """Whether, with nobody there to read it, it had better be taken for a stop: 不要再发了，烦死了."""
    return bool(_ENDING_IT.search(normalise(text))) and not _HOLD_ON.search(normalise(text))


def asks_to_wait(text: str) -> bool:
    """别挂, 唔好收线住: the opposite of a stop."""
    return bool(_HOLD_ON.search(normalise(text)))


def hesitates(text: str) -> bool:
    """我考虑考虑, 问下我女儿先: neither a yes nor a no yet."""
    plain = normalise(text)
    return bool(_HESITATION.search(plain)) and not _DECIDED.search(plain)


def only_thinks(text: str) -> bool:
    """我再想想, 考虑一下: no time to be called at is meant."""
    return bool(_THINKING.search(normalise(text)))


def agrees_on_condition(text: str) -> bool:
    """如果不用跑腿我就同意, 同意但是要等我儿子: no refusal, and no agreement before it is confirmed."""
    plain = normalise(text)
    return bool(_CONDITION.search(plain) or _WITH_STRINGS.search(plain)) and not asks_something(text)


def asks_about_agreeing(text: str) -> bool:
    """是不是回了同意就扣钱: the keyword in a question is no agreement."""
    return "同意" in text and asks_something(text) and bool(_ABOUT_AGREEING.search(text))


def reports_agreement(text: str) -> bool:
    """老人家说同意, 我妈同意: another's word, told by who writes."""
    return bool(_REPORTED.search(normalise(text))) and not _OWN_WORD.search(normalise(text))


def negates(text: str) -> bool:
    return bool(_NEGATION.search(text))


def goes_alone(text: str) -> bool:
    """那我自己去, with nothing asked."""
    return bool(_ALONE.fullmatch(normalise(text))) and not asks_something(text)


def says_keyword(text: str) -> bool:
    """Whether 同意 is said and meant: as a clause of its own, or with nothing but small words around it."""
    if (
        _NO_KEYWORD.search(text)
        or gives_orders(text)
        or agrees_on_condition(text)
        or hesitates(text)
        or asks_about_agreeing(text)
        or reports_agreement(text)
    ):
        return False
    return any(_is_keyword(clause) for clause in clauses_of(text))


def _is_keyword(clause: str) -> bool:
    word = read_exact_word(clause)
    if word is not None:
        return word.kind is Exact.AGREE
    plain = normalise(clause)
    return len(plain) <= _LONGEST_WITH_KEYWORD and bool(_KEYWORD.fullmatch(plain))


def is_abuse(text: str) -> bool:
    return bool(_ABUSE.search(normalise(text)))


def is_sarcastic(text: str) -> bool:
    """同意个屁."""
    return bool(_SARCASM.search(normalise(text)))


def gives_orders(text: str) -> bool:
    """Text that is written for a machine, not to an office."""
    return bool(_ORDERS.search(text))


def says_goodbye(text: str) -> bool:
    return bool(_GOODBYE.search(text))


def is_courteous(text: str) -> bool:
    """好的谢谢, 哦知道了: what is said on having heard."""
    return bool(_COURTESY.search(text))


def speaks_of_wanting(text: str) -> bool:
    """好好好要的, 行那办吧: more than having heard."""
    return bool(_WANTING.search(normalise(text)))


def refuses_help(text: str) -> bool:
    """不用了我自己去: no to being helped."""
    return bool(_REFUSES_HELP.search(normalise(text)))


def refuses_benefit(text: str) -> bool:
    return bool(_REFUSES_BENEFIT.search(normalise(text)))


def takes_help(text: str) -> bool:
    """好啊 你们来: yes to being helped."""
    return bool(_TAKES_HELP.search(text.strip())) and not asks_something(text)


def fears_a_charge(text: str) -> bool:
    return bool(_CHARGED.search(text))


def may_be_yes(text: str) -> bool:
    """Whether nothing in it speaks against a yes to a confirming question."""
    return not (
        asks_something(text)
        or gives_orders(text)
        or hesitates(text)
        or agrees_on_condition(text)
        or _NO_KEYWORD.search(text)
    )


def _spoken(text: str) -> str:
    return ",".join(normalise(clause) for clause in clauses_of(text))
