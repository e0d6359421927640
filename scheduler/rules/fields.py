"""The field catalogue: every fact a rule may ask for, and what it is called. Feeds say themselves what they bring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType

Value = bool | int | float | str | date


class FieldType(StrEnum):
    INT = "int"
    NUMBER = "number"
    BOOL = "bool"
    DATE = "date"
    CODE = "code"


class Grade(StrEnum):
    """How a value is treated where it is kept or shown; `SENSITIVE` values are encrypted in the ledger."""

    ORDINARY = "ordinary"
    PERSONAL = "personal"
    SENSITIVE = "sensitive"


@dataclass(frozen=True, slots=True)
class Field:
    """`coarse` are codes that leave open which of several finer ones is meant: to a rule on those they are unknown."""

    name: str
    type: FieldType
    zh: str
    en: str
    grade: Grade = Grade.PERSONAL
    unit_zh: str = ""
    codes: Mapping[str, str] = field(default_factory=dict)
    coarse: Mapping[str, frozenset[str]] = field(default_factory=dict)


INT, NUMBER, BOOL, DATE, CODE = FieldType
ORDINARY, PERSONAL, SENSITIVE = Grade
MONTHS = "个月"

CERTIFICATES = {"disabled_person": "残疾人证", "disabled_military": "残疾军人证", "disabled_police": "伤残人民警察证"}
DISABILITY_TYPES = {
    "visual": "视力",
    "hearing": "听力",
    "speech": "言语",
    "physical": "肢体",
    "intellectual": "智力",
    "mental": "精神",
    "multiple": "多重",
}
HOUSEHOLD_CLASSES = {
    "dibao": "低保",
    "dibao_edge": "低保边缘",
    "expense_poor": "支出型困难",
    "destitute": "特困",
    "ordinary": "普通家庭",
}
HUKOU = {
    "shenzhen": "深圳户籍",
    "guangdong": "广东其他地方户籍",
    "other": "外省户籍",
    "elsewhere": "非深户",
    "hongkong": "香港",
    "macao": "澳门",
    "taiwan": "台湾",
    "foreign": "外籍",
}
# Many sources say only that somebody is not of Shenzhen.
COARSE_HUKOU = {"elsewhere": frozenset(HUKOU) - {"shenzhen", "elsewhere"}}
REGISTRATIONS = {"present": "在册", "moved": "已迁出", "deceased": "已故"}
MARITAL = {"married": "已婚", "single": "未婚", "divorced": "离婚", "widowed": "丧偶"}
SEXES = {"male": "男", "female": "女"}

_FIELDS = (
    # Civil affairs and everybody
    Field("birth_date", DATE, "出生日期", "date of birth"),
    Field("sex", CODE, "性别", "sex", codes=SEXES),
    Field("hukou", CODE, "户籍地", "household registration", codes=HUKOU, coarse=COARSE_HUKOU),
    Field("street", CODE, "街道", "street", ORDINARY),
    Field("community", CODE, "社区", "community", ORDINARY),
    Field("living_alone", BOOL, "独居", "lives alone", SENSITIVE),
    Field("resident_since", DATE, "来深日期", "resident since"),
    Field("registration", CODE, "人口状态", "registration", codes=REGISTRATIONS),
    Field("age_years", INT, "年龄", "age", unit_zh="岁"),
    Field("residence_months_shenzhen", INT, "在深居住时间", "months in Shenzhen", unit_zh=MONTHS),
    Field("marital_status", CODE, "婚姻状况", "marital status", codes=MARITAL),
    Field(
        "household_class",
        CODE,
        "困难家庭类别",
        "household class",
        SENSITIVE,
        codes=HOUSEHOLD_CLASSES,
    ),
    Field("sudden_hardship", BOOL, "遇到突发困难", "sudden hardship", grade=SENSITIVE),
    Field("months_since_hardship", INT, "困难发生至今", "months since the hardship", unit_zh=MONTHS),
    # Disability
    Field(
        "disability_cert",
        CODE,
        "残疾证件",
        "disability certificate",
        SENSITIVE,
        codes=CERTIFICATES | {"none": "无"},
    ),
    Field("disability_valid_until", DATE, "残疾证有效期", "valid until", SENSITIVE),
    Field(
        "disability_cert_valid",
        BOOL,
        "残疾证件有效",
        "certificate valid",
        SENSITIVE,
    ),
    Field("disability_level", INT, "残疾等级", "disability level", SENSITIVE, unit_zh="级"),
    Field(
        "disability_type",
        CODE,
        "残疾类别",
        "kind of disability",
        SENSITIVE,
        codes=DISABILITY_TYPES,
    ),
    Field("disabled_members_in_household", INT, "同户残疾人数", "disabled members", grade=SENSITIVE),
    Field(
        "hospital_diagnosis_within_months",
        INT,
        "医院诊断至今",
        "months since diagnosis",
        grade=SENSITIVE,
        unit_zh=MONTHS,
    ),
    # Health
    Field("last_check_on", DATE, "上次体检日期", "last check-up", SENSITIVE),
    Field("last_check_same_year", BOOL, "今年已体检", "checked this year", SENSITIVE),
    Field(
        "years_since_last_two_cancer_screening",
        INT,
        "距上次两癌筛查",
        "years since screening",
        grade=SENSITIVE,
        unit_zh="年",
    ),
    Field("shenzhen_medical_insured", BOOL, "参加深圳医保", "insured in Shenzhen"),
    Field("vaccine_contraindication", BOOL, "有接种禁忌", "contraindication", grade=SENSITIVE),
    Field("child_age_years", INT, "孩子年龄", "child's age", grade=SENSITIVE, unit_zh="岁"),
    Field("child_age_months", INT, "孩子月龄", "child's age in months", grade=SENSITIVE, unit_zh=MONTHS),
    Field("child_age_on_aug31", INT, "孩子8月31日年龄", "child's age on 31 August", grade=SENSITIVE),
    Field("child_sex", CODE, "孩子性别", "child's sex", grade=SENSITIVE, codes=SEXES),
    Field("child_birth_date", DATE, "孩子出生日期", "child's birth date", grade=SENSITIVE),
    Field("child_hukou", CODE, "孩子户籍", "child's registration", grade=SENSITIVE, codes=HUKOU, coarse=COARSE_HUKOU),
    Field("child_hukou_city", CODE, "孩子户籍城市", "child's city", grade=SENSITIVE, codes=HUKOU, coarse=COARSE_HUKOU),
    Field(
        "child_nationality",
        CODE,
        "孩子国籍",
        "child's nationality",
        codes={"chinese": "中国", "foreign": "外籍"},
    ),
    Field("hpv_doses", INT, "已打HPV针数", "HPV doses", grade=SENSITIVE, unit_zh="针"),
    Field("lives_in_shenzhen", BOOL, "在深居住", "lives in Shenzhen"),
    Field("birth_complies_with_law", BOOL, "依法生育", "lawful birth", grade=SENSITIVE),
    Field("pregnant", BOOL, "怀孕", "pregnant", grade=SENSITIVE),
    Field("pregnancy_weeks", INT, "孕周", "weeks of pregnancy", grade=SENSITIVE, unit_zh="周"),
    Field("couple_hukou_guangdong", BOOL, "夫妇一方广东户籍", "either is of Guangdong"),
    Field("couple_residence_permit_guangdong", BOOL, "夫妇一方有广东居住证", "either has a Guangdong permit"),
    Field("spouse_hukou_guangdong", BOOL, "配偶广东户籍", "spouse is of Guangdong"),
    Field("residence_permit_guangdong", BOOL, "有广东居住证", "Guangdong permit"),
    Field("marriage_registration_booked", BOOL, "已预约结婚登记", "marriage registration booked"),
    Field("check_used_this_child", BOOL, "本孩次已检查", "check used for this child", grade=SENSITIVE),
    Field("only_child_before_2016", BOOL, "2015年底前只有一个孩子", "one child by 2015", grade=SENSITIVE),
    Field(
        "child_born_or_adopted_after_2016",
        BOOL,
        "2016年起又有孩子",
        "child since 2016",
        grade=SENSITIVE,
    ),
    # Education
    Field("kindergarten_enrolled_shenzhen", BOOL, "在深圳幼儿园就读", "in a Shenzhen kindergarten"),
    Field("subsidy_times_received", INT, "已领次数", "times received", unit_zh="次"),
    Field("guardian_hukou", CODE, "监护人户籍", "guardian's registration", codes=HUKOU, coarse=COARSE_HUKOU),
    Field("guardian_residence_permit_shenzhen", BOOL, "监护人有深圳居住证", "guardian has a permit"),
    Field("guardian_residence_months", INT, "监护人居住时间", "guardian's months here", unit_zh=MONTHS),
    Field("guardian_social_insurance_months", INT, "监护人社保时间", "guardian's insured months", unit_zh=MONTHS),
    Field("parent_active_military_in_shenzhen", BOOL, "家长是驻深军人", "parent in service here"),
    Field("parent_high_level_talent", BOOL, "家长是高层次人才", "parent is high-level talent"),
    Field("preferential_policy_child", BOOL, "享受优惠政策人员子女", "child of a preferred person"),
    Field("school_type", CODE, "学校性质", "kind of school", codes={"private": "民办", "public": "公办"}),
    Field("school_stage", CODE, "学段", "stage", codes={"primary": "小学", "junior": "初中", "senior": "高中"}),
    Field("student_record_shenzhen", BOOL, "有深圳学籍", "Shenzhen student record"),
    Field("student_hmt_residence_permit", BOOL, "有港澳台居民居住证", "HMT residence permit"),
    # Human resources
    Field("talent_introduction_date", DATE, "人才引进日期", "introduced on"),
    Field("months_since_introduction", INT, "引进至今", "months since introduction", unit_zh=MONTHS),
    Field("social_insurance_active_shenzhen", BOOL, "在深缴社保", "insured in Shenzhen now"),
    Field("enjoyed_housing_purchase_preference", BOOL, "享受过购房优惠", "had a purchase preference"),
    Field("renting_public_housing", BOOL, "租住公租房", "rents public housing"),
    Field(
        "graduate_type",
        CODE,
        "毕业生类别",
        "kind of graduate",
        codes={"fresh_graduate": "应届", "overseas_returnee": "留学回国", "employed": "在职"},
    ),
    Field("degree", CODE, "学位", "degree", codes={"bachelor": "本科", "master": "硕士", "doctor": "博士"}),
    Field("age_on_jan1", INT, "1月1日年龄", "age on 1 January", unit_zh="岁"),
    Field("graduation_months_at_hire", INT, "入职时毕业时间", "months since graduation", unit_zh=MONTHS),
    Field(
        "employer_type",
        CODE,
        "单位类型",
        "kind of employer",
        codes={
            "sme": "中小微企业",
            "self_employed_household": "个体户",
            "social_org": "社会组织",
            "street_community_post": "街道社区岗位",
            "small_law_or_accounting_firm": "小微律所会计所",
            "other": "其他",
        },
    ),
    Field("contract_months", INT, "合同期限", "contract", unit_zh=MONTHS),
    Field("social_insurance_months_same_employer", INT, "同单位社保时间", "insured months", unit_zh=MONTHS),
    Field("social_insurance_months_total", INT, "累计社保时间", "insured months in all", unit_zh=MONTHS),
    Field("is_establishment_staff", BOOL, "机关事业编制", "establishment staff"),
    Field("received_before", BOOL, "以前领过", "received before"),
    Field("hard_to_employ_certified", BOOL, "认定为就业困难", "certified hard to employ", grade=SENSITIVE),
    Field("flexible_employment_registered", BOOL, "办了灵活就业登记", "registered flexible worker"),
    Field("pays_employee_pension_and_medical_self", BOOL, "自己缴养老和医保", "pays own insurance"),
    Field("subsidy_months_used", INT, "已享受月数", "months used", unit_zh=MONTHS),
    # Enterprises
    Field("established_on", DATE, "成立日期", "established on", grade=ORDINARY),
    Field("enterprise_age_months", INT, "企业成立时间", "age of the firm", grade=ORDINARY, unit_zh=MONTHS),
    Field("enterprise_operating_months", INT, "正常经营时间", "operating", grade=ORDINARY, unit_zh=MONTHS),
    Field("founder_social_insurance_months_in_firm", INT, "创办人社保时间", "founder insured", unit_zh=MONTHS),
    Field("founder_is_legal_rep_or_investor", BOOL, "创办人是法人或出资人", "founder owns the firm"),
    Field("founder_hukou", CODE, "创办人户籍", "founder's registration", codes=HUKOU, coarse=COARSE_HUKOU),
    Field(
        "founder_type",
        CODE,
        "创办人类别",
        "kind of founder",
        codes={
            "current_student_shenzhen": "在深在校生",
            "graduate_within_5y": "毕业5年内",
            "returnee_within_5y": "留学回国5年内",
            "hmt_resident": "港澳台居民",
            "registered_unemployed": "登记失业",
            "veteran": "退役军人",
            "military_family": "军属",
            "disabled": "残疾人",
            "other_shenzhen_resident": "其他深户",
        },
    ),
    Field(
        "hire_type",
        CODE,
        "招用对象",
        "kind of hire",
        codes={
            "graduate_current_year": "毕业年度毕业生",
            "graduate_within_2y_unemployed": "离校两年内未就业",
            "registered_unemployed_16_24": "16至24岁登记失业",
            "other": "其他",
        },
    ),
    Field("contract_signed", BOOL, "签了劳动合同", "contract signed"),
    Field("insured_months_unemployment_injury_pension", INT, "三险缴费时间", "insured months", unit_zh=MONTHS),
    Field("hire_date", DATE, "招用日期", "hired on"),
    Field("worker_already_used_by_other_firm", BOOL, "已被别的单位用过", "used by another firm"),
    Field(
        "enterprise_type",
        CODE,
        "企业类型",
        "kind of firm",
        grade=ORDINARY,
        codes={
            "small_micro": "小微企业",
            "social_org": "社会组织",
            "small_law_or_accounting_firm": "小微律所会计所",
            "other": "其他",
        },
    ),
    Field("is_labour_dispatch", BOOL, "劳务派遣单位", "labour dispatch", grade=ORDINARY),
    Field("hire_graduation_months", INT, "招用时毕业时间", "months since graduation", unit_zh=MONTHS),
    Field("insured_months", INT, "缴社保时间", "insured months", unit_zh=MONTHS),
    # Housing and medical insurance
    Field("hukou_by_joining_children", BOOL, "投靠子女入户", "registered by joining children"),
    Field("owns_home_shenzhen", BOOL, "在深有住房", "owns a home here", grade=SENSITIVE),
    Field("years_since_home_transfer", INT, "距上次转让住房", "years since a transfer", unit_zh="年"),
    Field(
        "household_income_per_capita_year",
        NUMBER,
        "家庭人均年收入",
        "income per head",
        grade=SENSITIVE,
        unit_zh="元",
    ),
    Field("household_assets", NUMBER, "家庭财产", "household assets", grade=SENSITIVE, unit_zh="元"),
    Field("household_size", INT, "家庭人数", "household size", unit_zh="人"),
    Field("special_household", BOOL, "特殊家庭", "special household", grade=SENSITIVE),
    Field("children_count", INT, "子女数", "children", unit_zh="个"),
    Field("retired_in_shenzhen", BOOL, "在深退休", "retired here"),
    Field("enjoying_other_housing_benefit", BOOL, "享受其他住房保障", "has another housing benefit"),
    Field("child_enrolled_shenzhen_school", BOOL, "孩子在深圳就学", "child at school here"),
    Field("child_insured_elsewhere", BOOL, "孩子在外地参保", "child insured elsewhere"),
)

FIELDS: Mapping[str, Field] = MappingProxyType({entry.name: entry for entry in _FIELDS})


def in_words(entry: Field, value: object) -> str:
    """A value as it is said to a person: `83` → 83岁, `dibao` → 低保, an absent one → 没有记录."""
    if value is None:
        return "没有记录"
    if isinstance(value, bool):
        return "是" if value else "否"
    return f"{entry.codes.get(str(value), value)}{entry.unit_zh}"
