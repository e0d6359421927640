"""Keys, staff and tokens."""

from __future__ import annotations

import json
from datetime import time, timedelta
from typing import Annotated

import typer
from rich.progress import Progress, TaskID
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.case import Team
from models.crypto import KeyRing, new_key_ring, read_key_ring, replace_key_ring, with_another_key, write_key_ring
from models.reseal import keys_in_use, reseal
from models.staff import Staff
from models.vocabulary import Reach, Role
from outreach_api.backup_keys import BackupKeys
from outreach_api.cases.presence import ShiftRefused, set_shifts
from outreach_api.commands.console import ERR, OUT, fail, tells_faults
from outreach_api.language import say
from outreach_api.reaching import Reaching, ReachRefused, departments, set_reach
from outreach_api.records import Records, open_records
from outreach_api.settings import Settings
from outreach_api.web.second_factor import give_factor, needs_factor, take_factor
from outreach_api.web.staff import add_staff, renew_password
from outreach_api.web.tokens import Terms, TokenNotMade, add_token, check_it_is_undertaken, revoke_token, tokens

keys = typer.Typer(help=say("加密密钥", "Encryption keys"), no_args_is_help=True)
staff = typer.Typer(help=say("工作人员账号", "Staff accounts"), no_args_is_help=True)
token = typer.Typer(help=say("对接系统的令牌", "Tokens of other systems"), no_args_is_help=True)


@keys.command("new", help=say("新建密钥文件（已有则拒绝）", "Make the key file; refuses where one exists"))
@tells_faults
def new_keys() -> None:
    settings = Settings()
    try:
        write_key_ring(new_key_ring(settings.cipher), settings.keys)
    except FileExistsError:
        fail(say(f"{settings.keys} 已存在，不会覆盖", f"{settings.keys} exists and is never overwritten"))
    OUT.print(say(f"已写入 {settings.keys}，请另存备份", f"wrote {settings.keys}; keep a copy elsewhere"))


@keys.command("rotate", help=say("第一步：加一把新钥匙", "Step one: add a new key"))
@tells_faults
def rotate() -> None:
    settings = Settings()
    ring = with_another_key(read_key_ring(settings.keys), settings.cipher)
    replace_key_ring(ring, settings.keys)
    newest = list(ring.keys)[-1]
    zh = f"已加入 {newest}。请备份 {settings.keys}，重启全部进程，再运行 ./outreach keys reseal"
    en = f"added {newest}. Back {settings.keys} up, restart every process, then run ./outreach keys reseal"
    OUT.print(say(zh, en))


@keys.command("reseal", help=say("第二步：启用新钥匙并重新加密旧数据", "Step two: use the new key, for old values too"))
@tells_faults
def reseal_values(
    in_jobs: Annotated[
        bool,
        typer.Option("--in-jobs", help=say("分给各处理进程（PostgreSQL）", "in parts, by the workers (PostgreSQL)")),
    ] = False,
) -> None:
    """Running processes, restarted since `rotate`, open both keys; none is stopped for this."""
    settings = Settings()
    ring = read_key_ring(settings.keys)
    ring = ring.with_keys(ring.keys, active=list(ring.keys)[-1])
    if in_jobs and settings.database.startswith("sqlite"):
        fail(say("--in-jobs 需要 PostgreSQL", "--in-jobs needs PostgreSQL"))
    replace_key_ring(ring, settings.keys)
    if in_jobs:
        _reseal_in_jobs(settings, ring)
        return
    with (
        open_records(settings) as records,
        Progress("{task.description}", "{task.completed:,.0f}", console=ERR) as bars,
    ):
        tasks: dict[str, TaskID] = {}

        def show(column: str, done: int) -> None:
            tasks.setdefault(column, bars.add_task(column, total=None))
            bars.update(tasks[column], completed=done)

        changed = reseal(records.sessions, ring, show) + BackupKeys(settings.backup_keys, ring).reseal()
    OUT.print(say(f"{changed:,} 个值已用 {ring.active} 重新加密", f"{changed:,} values sealed anew with {ring.active}"))


def _reseal_in_jobs(settings: Settings, ring: KeyRing) -> None:
    from outreach_api.chunks import Chunks

    with open_records(settings) as records:
        jobs = Chunks(records.sessions, ring).reseal()
        BackupKeys(settings.backup_keys, ring).reseal()
    OUT.print(say(f"已分成 {jobs} 份，交给处理进程", f"{jobs} parts handed to the workers"))


@keys.command("retire", help=say("第三步：去掉不再使用的旧钥匙", "Step three: drop a key that nothing needs"))
@tells_faults
def retire(key_id: str) -> None:
    settings = Settings()
    ring = read_key_ring(settings.keys)
    with open_records(settings) as records:
        needed = keys_in_use(records.sessions)[key_id] + BackupKeys(settings.backup_keys, ring).needs(key_id)
    if key_id == ring.active or key_id not in ring.keys or needed:
        fail(
            say(
                f"{key_id} 不能去掉：正在使用、不存在，或还有 {needed} 个值要用它",
                f"{key_id} stays: it is the active one, is not there, or {needed} values still need it",
            )
        )
    left = {each: key for each, key in ring.keys.items() if each != key_id}
    replace_key_ring(ring.with_keys(left, active=ring.active), settings.keys)
    zh = f"已去掉 {key_id}；旧备份和重新导入之前的人口文件仍要用它，请把旧密钥文件留到它们都不再需要"
    en = f"dropped {key_id}; older backups and population files imported before still need the old key file"
    OUT.print(say(zh, en))


Streets = Annotated[list[str] | None, typer.Option("--street", help=say("只看这些街道", "only this street; repeat it"))]
DepartmentName = Annotated[
    str, typer.Option("--department", help=say("只看这个部门的事项", "only a department's items"))
]
OwnTeam = Annotated[bool, typer.Option("--own-team", help=say("只看本小分队的工单", "only their team's cases"))]


@staff.command("add", help=say("添加人员，显示一次密码", "Add somebody; the password is shown once"))
@tells_faults
def add_person(
    username: str,
    role: Annotated[Role, typer.Option(help=say("角色", "role"))] = Role.AGENT,
    name: Annotated[str, typer.Option(help=say("显示的名字", "name to show"))] = "",
    team: Annotated[str, typer.Option(help=say("上门小分队的编号", "code of their visiting team"))] = "",
    most_cases: Annotated[int | None, typer.Option(min=1, help=say("手上最多几件工单", "most cases in hand"))] = None,
    street: Streets = None,
    department: DepartmentName = "",
    own_team: OwnTeam = False,
) -> None:
    with open_records(Settings()) as records, records.sessions.write() as session:
        if session.scalar(select(Staff.id).where(Staff.username == username)):
            fail(say(f"用户名 {username} 已被使用", f"the user name {username} is taken"))
        team_id = session.scalar(select(Team.id).where(Team.code == team)) if team else None
        if team and team_id is None:
            fail(say(f"没有小分队 {team}", f"there is no team {team}"))
        password = add_staff(
            session, username, name or username, role, team_id=team_id, most_cases=most_cases, now=records.clock.now()
        )
        session.flush()
        person = session.scalars(select(Staff).where(Staff.username == username)).one()
        _reach_of(session, records, person, street, department, own_team)
    OUT.print(password, markup=False)


@staff.command("reach", help=say("看得到多大范围：默认全区", "How far somebody sees; by default the whole district"))
@tells_faults
def change_reach(
    username: str, street: Streets = None, department: DepartmentName = "", own_team: OwnTeam = False
) -> None:
    with open_records(Settings()) as records, records.sessions.write() as session:
        person = session.scalars(select(Staff).where(Staff.username == username)).first()
        if person is None:
            fail(say(f"没有用户 {username}", f"there is no user {username}"), status=2)
        _reach_of(session, records, person, street, department, own_team)
        OUT.print(f"{username}: {person.reach.value} {'、'.join(person.streets)}{person.department or ''}".rstrip())


def _reach_of(
    session: Session, records: Records, person: Staff, streets: list[str] | None, department: str, own_team: bool
) -> None:
    """As the options say; none is the whole district."""
    if sum(map(bool, (streets, department, own_team))) > 1:
        fail(
            say("--street、--department、--own-team 只能选一种", "one of --street, --department and --own-team"),
            status=2,
        )
    reach = Reach.STREETS if streets else Reach.DEPARTMENT if department else Reach.TEAM if own_team else Reach.DISTRICT
    wanted = Reaching(reach, tuple(streets or ()), department or None)
    try:
        set_reach(
            session,
            person,
            wanted,
            known_departments=departments(records.cards),
            by="terminal",
            now=records.clock.now(),
        )
    except ReachRefused as fault:
        fail(str(fault), status=2)


@staff.command("password", help=say("换发密码，显示一次", "A new password, shown once"))
@tells_faults
def new_password(username: str) -> None:
    with open_records(Settings()) as records, records.sessions.write() as session:
        person = session.scalars(select(Staff).where(Staff.username == username)).first()
        if person is None:
            fail(say(f"没有用户 {username}", f"there is no user {username}"), status=2)
        password = renew_password(session, person, by="terminal", now=records.clock.now())
    OUT.print(password, markup=False)


@staff.command(
    "second-factor",
    help=say("换发动态验证码的密钥（显示一次），或撤掉", "A new secret for one-time codes, shown once; or none"),
)
@tells_faults
def second_factor(
    username: str,
    off: Annotated[
        bool, typer.Option("--off", help=say("撤掉，下次登录时重新设置", "take it; the next sign-in sets up another"))
    ] = False,
) -> None:
    with open_records(Settings()) as records, records.sessions.write() as session:
        person = session.scalars(select(Staff).where(Staff.username == username)).first()
        if person is None:
            fail(say(f"没有用户 {username}", f"there is no user {username}"), status=2)
        needs = needs_factor(records.settings, person.role)
        now = records.clock.now()
        if off:
            take_factor(session, person, by="terminal", now=now)
        factor = None if off else give_factor(session, person, by="terminal", now=now)
    zh, en = f"{username} 不再需要动态验证码", f"{username} needs no code any more"
    if needs:
        zh, en = f"{username} 下次登录时重新设置", f"{username} sets up another at the next sign-in"
    OUT.print(factor or say(zh, en), markup=False, soft_wrap=True)


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@staff.command(
    "shift", help=say("排班：NAME mon-fri 09:00-12:00 14:00-18:00", "Shifts: NAME mon-fri 09:00-12:00 14:00-18:00")
)
@tells_faults
def set_shift(
    username: str,
    days: Annotated[str, typer.Argument(help=say("mon-fri 或 mon,wed", "mon-fri, or mon,wed"))] = "",
    spans: Annotated[list[str] | None, typer.Argument(help=say("如 09:00-12:00", "such as 09:00-12:00"))] = None,
) -> None:
    """These shifts take the place of the old ones; without any, the district's working hours hold again."""
    try:
        wanted = [(day, *_span(text)) for day in _weekdays(days) for text in spans or ()]
        with open_records(Settings()) as records, records.sessions.write() as session:
            staff_id = session.scalar(select(Staff.id).where(Staff.username == username))
            if staff_id is None:
                fail(say(f"没有用户 {username}", f"there is no {username}"))
            set_shifts(session, staff_id, wanted)
    except ShiftRefused as fault:
        fail(str(fault), status=2)
    OUT.print(say(f"{username}：每周 {len(wanted)} 段", f"{username}: {len(wanted)} shifts a week"))


def _weekdays(text: str) -> list[int]:
    try:
        if "-" in text:
            first, last = (DAYS.index(day) for day in text.lower().split("-"))
            return list(range(first, last + 1))
        return [DAYS.index(day) for day in text.lower().split(",") if day]
    except ValueError:
        raise ShiftRefused(f"{text!r} names no days: mon-fri, or mon,wed") from None


def _span(text: str) -> tuple[time, time]:
    try:
        begins, ends = (time.fromisoformat(at) for at in text.split("-"))
    except ValueError:
        raise ShiftRefused(f"{text!r} is no stretch of time: 09:00-12:00") from None
    return begins, ends


@token.command("add", help=say("添加令牌，显示一次", "Add a token; it is shown once"))
@tells_faults
def add_api_token(
    name: str,
    scope: Annotated[list[str], typer.Option(help=say("权限，如 queue.read", "scope, such as queue.read"))],
    acts_for: Annotated[str, typer.Option(help=say("代表哪位工作人员（用户名）", "user name it acts for"))] = "",
    days: Annotated[int, typer.Option(min=1, max=3650, help=say("有效天数", "days it lasts"))] = 365,
    calls_a_minute: Annotated[
        int | None, typer.Option(min=1, help=say("每分钟最多次数", "most calls a minute"))
    ] = None,
    under: Annotated[
        int | None, typer.Option(min=1, help=say("依据哪份已同意的承诺申请", "the approved application it rests on"))
    ] = None,
) -> None:
    with open_records(Settings()) as records, records.sessions.write() as session:
        person = session.scalar(select(Staff.id).where(Staff.username == acts_for)) if acts_for else None
        if acts_for and person is None:
            fail(say(f"没有用户 {acts_for}", f"there is no user {acts_for}"))
        now = records.clock.now()
        terms = Terms(scope, person, now + timedelta(days=days), calls_a_minute, under)
        try:
            check_it_is_undertaken(terms)
            text = add_token(session, name, terms, now=now)
        except TokenNotMade as fault:
            fail(str(fault), status=2)
    OUT.print(text, markup=False)


@token.command("list", help=say("列出令牌", "List the tokens"))
@tells_faults
def list_api_tokens() -> None:
    table = Table(pad_edge=False)
    for heading in (say("名称", "name"), say("开头", "begins with"), say("权限", "scopes"), say("代表", "acts for")):
        table.add_column(heading)
    for heading in (say("到期", "until"), say("已吊销", "revoked")):
        table.add_column(heading)
    with open_records(Settings()) as records, records.sessions.read() as session:
        for row in tokens(session):
            moments = [f"{moment:%Y-%m-%d}" if moment else "-" for moment in (row.expires_at, row.revoked_at)]
            person = row.staff.username if row.staff else "-"
            table.add_row(row.name, row.prefix or "-", " ".join(row.scopes), person, *moments)
    OUT.print(table)


@token.command("revoke", help=say("立即吊销", "Revoke one at once"))
@tells_faults
def revoke_api_token(name: str) -> None:
    with open_records(Settings()) as records, records.sessions.write() as session:
        if not revoke_token(session, name, now=records.clock.now()):
            fail(say(f"没有有效的令牌 {name}", f"there is no token {name} to revoke"))
    OUT.print(say(f"已吊销 {name}", f"{name} is revoked"))


@tells_faults
def openapi() -> None:
    """What docs/openapi.json holds."""
    from outreach_api.web.api.document import document

    OUT.print(json.dumps(document(), ensure_ascii=False, indent=1), markup=False, highlight=False, soft_wrap=True)
