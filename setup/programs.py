"""Programs of the machine that some tests and features use when they are there: found, never installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from setup.words import Text

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_CHROMIUMS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
PLAYWRIGHT_CACHES = (".cache/ms-playwright", "Library/Caches/ms-playwright")
PLAYWRIGHT_CHROMIUMS = (
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
)
POSTGRES_PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/latest/bin",
)
JAVA_HOMES = ("/opt/homebrew/opt/openjdk*/bin/java", "/usr/local/opt/openjdk*/bin/java", "/usr/lib/jvm/*/bin/java")
CJK_FONT_FILES = (
    "/usr/share/fonts/**/*CJK*",
    "/usr/share/fonts/**/wqy*",
    "/System/Library/Fonts/**/PingFang*",
    "/System/Library/Fonts/**/STHeiti*",
)


@dataclass(frozen=True)
class Program:
    """What is looked for, and the packages it comes in."""

    name: Text
    apt: str
    brew: str

    @property
    def remedy(self) -> Text:
        debian, mac = f"sudo apt install {self.apt}", f"brew install {self.brew}"
        return Text(f"Debian/Ubuntu: {debian}；macOS: {mac}", f"Debian/Ubuntu: {debian}; macOS: {mac}")


CHROMIUM = Program(Text("Chromium 浏览器", "Chromium"), "chromium", "--cask chromium")
POSTGRES = Program(Text("PostgreSQL", "PostgreSQL"), "postgresql", "postgresql")
JAVA = Program(Text("Java", "Java"), "default-jre-headless", "openjdk")
CJK_FONTS = Program(Text("中文字体", "Chinese fonts"), "fonts-noto-cjk", "--cask font-noto-sans-cjk")


def find_chromium() -> Path | None:
    home = Path(os.environ.get("HOME", "/nonexistent"))
    fetched = [
        path
        for cache in (os.environ.get("PLAYWRIGHT_BROWSERS_PATH"), *(str(home / cache) for cache in PLAYWRIGHT_CACHES))
        if cache
        for pattern in PLAYWRIGHT_CHROMIUMS
        for path in sorted(Path(cache).glob(pattern), reverse=True)
    ]
    return _first_program([*_in_path(CHROMIUM_NAMES), *map(Path, MAC_CHROMIUMS), *fetched])


def find_postgres() -> Path | None:
    """The folder that holds initdb and postgres, of the newest version."""
    folders = [path.parent for path in _in_path(["initdb"])] + _matching(POSTGRES_PLACES)
    return next((folder for folder in folders if _first_program([folder / "postgres"])), None)


def find_java() -> Path | None:
    """A Java that runs: macOS has a /usr/bin/java that only offers to install one."""
    home = os.environ.get("JAVA_HOME")
    chosen = [Path(home) / "bin" / "java"] if home else []
    found = [*chosen, *_in_path(["java"]), *_matching(JAVA_HOMES)]
    return next((path for path in found if path.is_file() and _runs([path, "-version"])), None)


def has_cjk_fonts() -> bool:
    if any(_matching(CJK_FONT_FILES)):
        return True
    listed = _output(["fc-list", ":lang=zh", "file"])
    return bool(listed.strip())


def _in_path(names: Iterable[str]) -> list[Path]:
    return [Path(found) for name in names if (found := shutil.which(name))]


def _first_program(paths: Iterable[Path]) -> Path | None:
    return next((path for path in paths if path.is_file() and os.access(path, os.X_OK)), None)


def _matching(patterns: Iterable[str]) -> list[Path]:
    """Existing paths, the highest version of each pattern first."""
    return [
        path
        for pattern in patterns
        for path in sorted(Path("/").glob(pattern.lstrip("/")), key=_version_in, reverse=True)
    ]


def _version_in(path: Path) -> tuple[int, str]:
    digits = "".join(character if character.isdigit() else " " for character in str(path)).split()
    return (int(digits[0]) if digits else 0, str(path))


def _runs(command: list[str | Path]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _output(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
