"""What can be wrong with a file or a row, in words for the clerk who has to mend it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from models.credit_code import CreditCodeFault
from models.id_number import IdNumberFault


class FileRefused(Exception):  # noqa: N818
    """A whole file cannot be read; the message names it and says what to do."""


class RowFault(StrEnum):
    MISSING = "missing"
    UNREADABLE = "unreadable_characters"
    COLUMNS = "wrong_number_of_columns"
    QUOTES = "open_quotation_mark"
    STORED_AS_NUMBER = "stored_as_number"
    ID_LENGTH = "id_wrong_length"
    ID_DIGITS = "id_not_digits"
    ID_REGION = "id_no_region"
    ID_DATE = "id_no_such_date"
    ID_FUTURE = "id_born_in_future"
    ID_CHECK = "id_wrong_check_character"
    CREDIT_LENGTH = "credit_code_wrong_length"
    CREDIT_CHARACTER = "credit_code_wrong_character"
    CREDIT_CHECK = "credit_code_wrong_check_character"
    DATE = "no_such_date"
    FUTURE = "date_in_future"
    PHONE = "no_phone_number"
    CODE = "word_not_known"
    NUMBER = "no_number"
    TOO_LONG = "too_long"
    NOBODY = "cannot_tell_who"
    TIE = "fits_several_people"
    POLICY = "no_such_policy"
    ID_DISAGREES = "disagrees_with_id_number"


ID_FAULTS: Mapping[IdNumberFault, RowFault] = MappingProxyType(
    {
        IdNumberFault.WRONG_LENGTH: RowFault.ID_LENGTH,
        IdNumberFault.NOT_DIGITS: RowFault.ID_DIGITS,
        IdNumberFault.NO_REGION: RowFault.ID_REGION,
        IdNumberFault.NO_SUCH_DATE: RowFault.ID_DATE,
        IdNumberFault.BORN_IN_FUTURE: RowFault.ID_FUTURE,
        IdNumberFault.WRONG_CHECK_CHARACTER: RowFault.ID_CHECK,
    }
)

CREDIT_CODE_FAULTS: Mapping[CreditCodeFault, RowFault] = MappingProxyType(
    {
        CreditCodeFault.WRONG_LENGTH: RowFault.CREDIT_LENGTH,
        CreditCodeFault.WRONG_CHARACTER: RowFault.CREDIT_CHARACTER,
        CreditCodeFault.WRONG_CHECK_CHARACTER: RowFault.CREDIT_CHECK,
    }
)

# Reason and remedy as printed in the rejects file.
IN_WORDS: Mapping[RowFault, tuple[str, str]] = MappingProxyType(
    {
        RowFault.MISSING: ("没有填", "补上这一栏"),
        RowFault.UNREADABLE: ("有乱码", "用 UTF-8 或 GB18030 重新导出"),
        RowFault.COLUMNS: ("列数和表头对不上", "检查这一行有没有多或少分隔符"),
        RowFault.QUOTES: ("引号没有配对", "补上或去掉引号"),
        RowFault.STORED_AS_NUMBER: ("号码被存成了数字，后几位已经丢失", "把这一列设成文本格式后重新导出"),
        RowFault.ID_LENGTH: ("身份证号不是18位或15位", "核对身份证号"),
        RowFault.ID_DIGITS: ("身份证号里有不该有的字符", "核对身份证号"),
        RowFault.ID_REGION: ("身份证号的地区码不对", "核对身份证号"),
        RowFault.ID_DATE: ("身份证号里的出生日期不存在", "核对身份证号"),
        RowFault.ID_FUTURE: ("身份证号里的出生日期在今天之后", "核对身份证号"),
        RowFault.ID_CHECK: ("身份证号的校验码不对", "核对身份证号"),
        RowFault.CREDIT_LENGTH: ("统一社会信用代码不是18位", "照营业执照核对统一社会信用代码"),
        RowFault.CREDIT_CHARACTER: ("统一社会信用代码里有不该有的字符", "照营业执照核对：代码里没有字母 I、O、S、V、Z"),
        RowFault.CREDIT_CHECK: ("统一社会信用代码的校验码不对", "照营业执照核对统一社会信用代码"),
        RowFault.DATE: ("日期不存在或看不懂", "写成 1941-03-05 这样"),
        RowFault.FUTURE: ("日期在今天之后", "核对日期"),
        RowFault.PHONE: ("不是电话号码", "填11位手机号，或带区号的座机"),
        RowFault.CODE: ("这个词不认识", "改成通用的写法，或加进 codes.yaml"),
        RowFault.NUMBER: ("不是数字", "只写数字，可以带单位，例如 36 或 36个月"),
        RowFault.TOO_LONG: ("内容太长", "检查是不是串行了"),
        RowFault.NOBODY: ("分不清是谁：没有身份证号，姓名、出生日期、电话也不齐", "补上身份证号"),
        RowFault.TIE: ("没有身份证号，姓名、出生日期、电话同时符合几个人，没有合并", "补上身份证号"),
        RowFault.POLICY: ("没有这个事项", "写事项编码或事项全称"),
        RowFault.ID_DISAGREES: ("和身份证号上的不一致，以身份证号为准", "核对这一栏"),
    }
)
