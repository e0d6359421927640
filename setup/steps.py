"""The steps of set-up after the main environment, each with what it is made from and what it leaves.

A step may be run again at any time: what an interrupted one left is replaced, and only a finished one is stamped.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from setup import stamps
from setup.pythons import find_python310
from setup.words import Text

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / "var" / "setup"
LOGS = ROOT / "var" / "log"
BOT_PYTHON = ROOT / "bot" / ".venv" / "bin" / "python"

NETWORK = Text(
    "多半是网络问题：请检查网络或代理（HTTPS_PROXY、SSL_CERT_FILE），再运行一次会接着做。",
    "Most often this is the network: check it or the proxy (HTTPS_PROXY, SSL_CERT_FILE); run again and it continues.",
)
PYTHON310 = Text(
    f"{NETWORK.zh}\n如果是下载 Python 3.10 失败：自行安装后重试（pyenv install 3.10，或 brew install python@3.10），"
    "或用 UV_PYTHON_INSTALL_MIRROR 指定镜像。",
    f"{NETWORK.en}\nIf it was the download of Python 3.10: install it yourself (pyenv install 3.10, or "
    "brew install python@3.10), or name a mirror in UV_PYTHON_INSTALL_MIRROR.",
)


@dataclass(frozen=True)
class Step:
    name: str
    title: Text
    inputs: tuple[str, ...]
    product: str
    command: Callable[[], list[str]]
    environment: Callable[[], dict[str, str]]
    remedy: Text

    @property
    def stamp(self) -> Path:
        return STATE / self.name

    @property
    def log(self) -> Path:
        return LOGS / f"{self.name}.log"

    def made_from(self) -> str:
        return stamps.digest(ROOT, self.inputs)

    def has_product(self) -> bool:
        return any(ROOT.glob(self.product))

    def is_done(self) -> bool:
        return self.has_product() and stamps.is_current(self.stamp, self.made_from())


def _sync_bot() -> list[str]:
    python = find_python310()
    # Without one here uv fetches a Python 3.10 of its own.
    choice = str(python) if python else "3.10"
    uv = (STATE / "uv").read_text("utf-8").strip()
    return [uv, "sync", "--frozen", "--quiet", "--project", str(ROOT / "bot"), "--python", choice]


STEPS = (
    Step(
        name="browser",
        title=Text("控制台的浏览器组件", "Browser libraries of the console"),
        inputs=("outreach_api/web/package.json", "outreach_api/web/package-lock.json"),
        product="outreach_api/web/static/vendor",
        command=lambda: [sys.executable, "-P", "-m", "setup.browser_libraries", str(ROOT / "outreach_api" / "web")],
        environment=dict,
        remedy=NETWORK,
    ),
    Step(
        name="bot",
        title=Text("对话机器人的 Python 3.10 环境", "Python 3.10 environment of the bot"),
        inputs=("bot/pyproject.toml", "bot/uv.lock"),
        product="bot/.venv/bin/python",
        command=_sync_bot,
        environment=lambda: {"UV_PROJECT_ENVIRONMENT": str(ROOT / "bot" / ".venv")},
        remedy=PYTHON310,
    ),
    Step(
        name="train",
        title=Text("训练对话机器人（几分钟）", "Training the bot (some minutes)"),
        inputs=("config.yml", "domain.yml", "bot/uv.lock", "bot/model.py", "bot/data", "bot/components"),
        product="var/bot/*.tar.gz",
        command=lambda: [str(BOT_PYTHON), "-m", "bot", "train"],
        environment=dict,
        remedy=Text(
            "请看日志；常见原因是内存不足（需要约 4 GB）或训练数据有误。改好后再运行一次。",
            "See the log; usual causes are too little memory (about 4 GB is needed) or a fault in the training files. "
            "Run again once it is mended.",
        ),
    ),
)


def missing_steps() -> Iterator[Step]:
    """Steps still to do, in order; asked lazily, since a step's inputs may be made by the one before."""
    return (step for step in STEPS if not step.is_done())


def environment_for(step: Step) -> dict[str, str]:
    return {**os.environ, **step.environment()}
