"""The launcher, run as a newcomer runs it: in copies of the tree that hold only what set-up needs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from setup.steps import ROOT

SHELLS = [shell for shell in ("sh", "dash", "bash") if shutil.which(shell)]
FAKE_UV = """#!/bin/sh
case $1 in
    export) exit 0 ;;
    sync) {sync} ;;
esac
"""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """The launcher and its set-up, in a folder with a space in its name."""
    house = tmp_path / "a house"
    house.mkdir()
    for name in ("outreach", "uv.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, house / name)
    shutil.copytree(ROOT / "setup", house / "setup", ignore=shutil.ignore_patterns("__pycache__"))
    return house


def environment(house: Path, **variables: str) -> dict[str, str]:
    return {"HOME": str(house / "home"), "PATH": f"{house / 'bin'}:/usr/bin:/bin", "LC_ALL": "C", **variables}


def start(house: Path, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [house / "outreach", *arguments],
        cwd="/",
        env=environment(house, **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )


def run(house: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    process = start(house, *arguments, **variables)
    output, _ = process.communicate(timeout=60)
    return process.returncode, output


def a_fake_uv(house: Path, sync: str) -> None:
    (house / "bin").mkdir(exist_ok=True)
    uv = house / "bin" / "uv"
    uv.write_text(FAKE_UV.format(sync=sync), "utf-8")
    uv.chmod(0o755)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("script", ["outreach", "setup/environment.sh"])
def test_every_shell_accepts_the_scripts(shell: str, script: str) -> None:
    assert subprocess.run([shell, "-n", ROOT / script], capture_output=True, check=False).stderr == b""


@pytest.mark.parametrize(
    ("variables", "word"),
    [
        ({"LC_ALL": "zh_CN.UTF-8"}, "用法"),
        ({"LC_ALL": "", "LANG": "zh_HK.UTF-8"}, "用法"),
        ({"LC_ALL": "en_GB.UTF-8", "LANG": "zh_CN.UTF-8"}, "Usage"),
        ({"LC_ALL": "C"}, "Usage"),
    ],
)
@pytest.mark.parametrize("arguments", [(), ("--help",), ("help",)])
def test_help_comes_in_the_machines_language_before_any_set_up(
    house: Path, variables: dict[str, str], word: str, arguments: tuple[str, ...]
) -> None:
    status, output = run(house, *arguments, **variables)

    assert (status, word in output) == (0, True)
    assert not (house / "var").exists()


def test_both_overviews_name_the_same_commands() -> None:
    def commands(language: str) -> list[str]:
        lines = (ROOT / "setup" / f"overview.{language}.txt").read_text("utf-8").splitlines()
        return [line.split()[0] for line in lines if line.startswith("  ") and not line.startswith("   ")]

    assert commands("zh") == commands("en") != []


def test_a_link_elsewhere_finds_the_house(house: Path, tmp_path: Path) -> None:
    link = tmp_path / "outreach-link"
    link.symlink_to(house / "outreach")

    done = subprocess.run([link, "--help"], env=environment(house), capture_output=True, text=True, check=False)

    assert (done.returncode, "Usage" in done.stdout) == (0, True)


def test_a_failing_step_shows_its_log_and_the_remedy(house: Path) -> None:
    a_fake_uv(house, "echo the cable is out >&2; exit 2")

    status, output = run(house, "setup")

    assert status == 1
    assert "the cable is out" in output
    assert "HTTPS_PROXY" in output
    assert not (house / "var/setup/main").exists()
    assert not (house / "var/setup/lock").exists()


def test_without_uv_and_python_the_remedy_is_named(house: Path, tmp_path: Path) -> None:
    # Only what the launcher itself calls, so that no Python of this machine is in reach.
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("dirname", "cat", "cksum", "mkdir", "rm", "mv", "date", "tail", "sed", "sh", "sleep", "ps"):
        (tools / name).symlink_to(shutil.which(name) or "/nowhere")
    script = (house / "setup/environment.sh").read_text("utf-8")
    elsewhere = script.replace("/usr/bin/python3", "/none").replace("/usr/local/bin/", "/none/")
    (house / "setup/environment.sh").write_text(elsewhere, "utf-8")

    status, output = run(house, "setup", PATH=str(tools))

    assert status == 1
    assert "apt install python3" in output


def test_a_lock_left_by_a_killed_set_up_is_taken_over(house: Path) -> None:
    a_fake_uv(house, "exit 3")
    gone = subprocess.Popen(["true"])
    gone.wait()
    (house / "var/setup/lock").mkdir(parents=True)
    (house / "var/setup/lock/pid").write_text(f"{gone.pid}\n", "ascii")

    status, output = run(house, "setup")

    assert (status, "waiting for it" in output) == (1, False)


def test_a_second_set_up_waits_for_the_first(house: Path) -> None:
    a_fake_uv(house, "sleep 4; exit 3")
    first = start(house, "setup")
    _wait_for(house / "var/setup/lock/pid")

    second = start(house, "setup")
    outputs = [process.communicate(timeout=60)[0] for process in (first, second)]

    assert [f"(process {first.pid})" in output for output in outputs] == [False, True]


def test_an_interrupted_set_up_ends_its_work_and_gives_the_lock_back(house: Path) -> None:
    a_fake_uv(house, f"echo $$ >'{house}/uv.pid'; exec sleep 60")
    process = start(house, "setup")
    _wait_for(house / "uv.pid")

    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=20)

    assert process.returncode == 143
    assert "continues" in output
    assert not (house / "var/setup/lock").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int((house / "uv.pid").read_text("ascii")), 0)


def _wait_for(file: Path) -> None:
    deadline = time.monotonic() + 20
    while not (file.exists() and file.read_text("ascii").strip()):
        assert time.monotonic() < deadline, f"{file.name} never came"
        time.sleep(0.05)


def test_a_python_compiled_without_its_profile_is_taken_only_where_there_is_no_other(tmp_path: Path) -> None:
    for name, is_quick in (("python3.13", False), ("python3.12", True)):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\ncase $2 in *enable-optimizations*) exit {int(not is_quick)} ;; esac\n", "utf-8")
        program.chmod(0o755)

    script = f". '{ROOT}/setup/environment.sh'; find_python; echo $base"
    variables = {"PATH": f"{tmp_path}:/bin", "HOME": str(tmp_path), "root": str(ROOT)}
    done = subprocess.run(["/bin/sh", "-c", script], env=variables, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "python3.12"
