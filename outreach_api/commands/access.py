"""Keys, staff and tokens."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy import select

from models.crypto import new_key_ring, write_key_ring
from models.staff import Staff
from models.vocabulary import Role
from outreach_api.bootstrap import open_house
from outreach_api.commands.console import OUT, fail, tells_faults
from outreach_api.language import say
from outreach_api.settings import Settings
from outreach_api.web.staff import add_staff
from outreach_api.web.tokens import add_token

keys = typer.Typer(help=say("加密密钥", "Encryption keys"), no_args_is_help=True)
staff = typer.Typer(help=say("工作人员账号", "Staff accounts"), no_args_is_help=True)
token = typer.Typer(help=say("对接系统的令牌", "Tokens of other systems"), no_args_is_help=True)


@keys.command("new", help=say("新建密钥文件（已有则拒绝）", "Make the key file; refuses where one exists"))
@tells_faults
def new_keys() -> None:
    settings = Settings()
    try:
        write_key_ring(new_key_ring(), settings.keys)
    except FileExistsError:
        fail(say(f"{settings.keys} 已存在，不会覆盖", f"{settings.keys} exists and is never overwritten"))
    OUT.print(say(f"已写入 {settings.keys}，请另存备份", f"wrote {settings.keys}; keep a copy elsewhere"))


@staff.command("add", help=say("添加人员，显示一次密码", "Add somebody; the password is shown once"))
@tells_faults
def add_person(
    username: str,
    role: Annotated[Role, typer.Option(help=say("角色", "role"))] = Role.AGENT,
    name: Annotated[str, typer.Option(help=say("显示的名字", "name to show"))] = "",
) -> None:
    with open_house(Settings()) as house, house.sessions.write() as session:
        if session.scalar(select(Staff.id).where(Staff.username == username)):
            fail(say(f"用户名 {username} 已被使用", f"the user name {username} is taken"))
        password = add_staff(session, username, name or username, role)
    OUT.print(password)


@token.command("add", help=say("添加令牌，显示一次", "Add a token; it is shown once"))
@tells_faults
def add_api_token(
    name: str,
    scope: Annotated[list[str], typer.Option(help=say("权限：feeds、cases", "scope: feeds, cases"))],
) -> None:
    with open_house(Settings()) as house, house.sessions.write() as session:
        text = add_token(session, name, scopes=scope, now=house.clock.now())
    OUT.print(text)
