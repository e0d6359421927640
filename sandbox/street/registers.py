"""What departments export beside the population: the disability register and three lists of people already served."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

from sandbox.street.benefits import ALLOWANCE, HEALTH_CHECK, LIVING_SUBSIDY, Benefits, Certificate
from sandbox.street.identity import wrong_check_digit
from sandbox.street.people import Resident
from sandbox.street.sources import Fault, Row, Source
from sandbox.street.untidiness import dashed, untidy_date, untidy_id, untidy_phone

_HEALTH_CENTRES = ("桥东社康中心", "翠岭社康中心", "木棉社康中心", "东湖湾社康中心")


def disability_register(rng: Random, certificates: Sequence[Certificate]) -> Source:
    header = [
        "序号",
        "残疾证号",
        "证件类型",
        "姓名",
        "身份证号",
        "残疾类别",
        "残疾等级",
        "有效期至",
        "家庭困难类型",
        "联系电话",
    ]
    source = Source("disability_register.xlsx", header)
    for serial, certificate in enumerate(certificates, 1):
        source.rows.append(_register_row(rng, serial, certificate))
    _spoil(rng, source, column=4, wanted=max(2, len(certificates) // 300))
    return source


def _register_row(rng: Random, serial: int, certificate: Certificate) -> Row:
    holder = certificate.holder
    return [
        str(serial),
        certificate.number,
        certificate.kind,
        holder.name,
        untidy_id(rng, holder.id_number),
        certificate.category,
        certificate.level,
        dashed(certificate.valid_until),
        certificate.hardship.value,
        untidy_phone(rng, holder.phone),
    ]


def enrolment_lists(rng: Random, benefits: Benefits, start: date) -> tuple[Source, ...]:
    return (
        _allowance_list(rng, benefits.enrolled[ALLOWANCE], start),
        _health_check_list(rng, benefits.enrolled[HEALTH_CHECK], start),
        _subsidy_list(rng, benefits.enrolled[LIVING_SUBSIDY], start),
    )


def _allowance_list(rng: Random, people: Sequence[Resident], start: date) -> Source:
    header = ["序号", "领取人姓名", "身份证号码", "档次(元/月)", "起发年月", "发放状态"]
    source = Source("enrolled_elderly-allowance.csv", header)
    for serial, person in enumerate(people, 1):
        age = person.age_on(start)
        since = max(_seventieth(person), date(2019, 10, 1))
        amount = next(amount for floor, amount in ((100, 1000), (90, 500), (80, 300), (0, 200)) if age >= floor)
        state = "正常" if since <= start else "待发"
        source.rows.append(
            [str(serial), person.name, untidy_id(rng, person.id_number), str(amount), f"{since:%Y%m}", state]
        )
    _spoil(rng, source, column=2, wanted=max(2, len(people) // 400))
    return source


def _seventieth(person: Resident) -> date:
    born_on = person.born_on
    return date(born_on.year + 70, born_on.month, 1)


def _health_check_list(rng: Random, people: Sequence[Resident], start: date) -> Source:
    header = ["姓名", "性别", "证件号码", "体检日期", "体检机构"]
    source = Source("enrolled_elderly-health-check.xlsx", header)
    new_year = date(start.year, 1, 1)
    days = max(1, (start - new_year).days)
    for person in people:
        attended_on = new_year + timedelta(days=rng.randrange(days))
        source.rows.append(
            [
                person.name,
                person.gender,
                untidy_id(rng, person.id_number),
                untidy_date(rng, attended_on),
                rng.choice(_HEALTH_CENTRES),
            ]
        )
    _spoil(rng, source, column=2, wanted=max(2, len(people) // 500))
    return source


def _subsidy_list(rng: Random, people: Sequence[Resident], start: date) -> Source:
    header = ["name", "id_number", "granted_on", "monthly_amount"]
    source = Source("enrolled_disabled-living-subsidy.csv", header)
    for person in people:
        granted_on = start - timedelta(days=rng.randrange(40, 1000))
        source.rows.append(
            [person.name, untidy_id(rng, person.id_number), dashed(granted_on), rng.choice(("400", "300"))]
        )
    _spoil(rng, source, column=1, wanted=2)
    return source


def _spoil(rng: Random, source: Source, *, column: int, wanted: int) -> None:
    """Repeat some rows with a wrong check digit: the right row is there too, so nobody's enrolment is lost."""
    straight = [row for row in source.rows if len(row[column]) == 18 and row[column].isascii()]
    spoilt = [list(row) for row in rng.sample(straight, min(wanted, len(straight)))]
    for row in spoilt:
        row[column] = wrong_check_digit(row[column])
    source.rows.extend(spoilt)
    source.faults = Counter({Fault.CHECK_DIGIT: len(spoilt)})
