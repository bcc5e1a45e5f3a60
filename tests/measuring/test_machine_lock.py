"""One session measures on a machine; others wait, and say for whom."""

from __future__ import annotations

import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from perftransfer.errors import UserError
from perftransfer.measuring import machine_lock


@pytest.fixture(autouse=True)
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "lock"
    monkeypatch.setenv(machine_lock.VARIABLE, str(path))
    return path


def test_a_second_session_waits_and_says_for_whom(caplog: pytest.LogCaptureFixture) -> None:
    first = machine_lock.held("environment a")
    first.__enter__()
    waits = []

    def poll(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            first.__exit__(None, None, None)

    with machine_lock.held("environment b", poll=poll):
        assert len(waits) == 3
    who = f"environment a, process {os.getpid()} of "
    assert caplog.messages[0].startswith(f"environment b waits: this machine is measuring {who}")
    assert str(Path.cwd()) in caplog.messages[0]
    assert caplog.messages[1:] == ["environment b goes on after 3 s"]


def test_a_killed_session_holds_nothing() -> None:
    context = multiprocessing.get_context("fork")

    def hold() -> None:
        machine_lock.held("environment a").__enter__()
        os._exit(1)

    child = context.Process(target=hold)
    child.start()
    child.join()
    with machine_lock.held("environment b", poll=lambda seconds: pytest.fail("waited")):
        pass


def test_all_users_may_lock_it_and_what_others_wrote_is_shown_as_text(
    lock: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = os.umask(0o077)
    try:
        first = machine_lock.held("a")
        first.__enter__()
    finally:
        os.umask(before)
    assert stat.S_IMODE(lock.stat().st_mode) == 0o666
    lock.write_bytes(b"\x1b[31mred\n\xff" + b"x" * 1000)
    with machine_lock.held("b", poll=lambda seconds: first.__exit__(None, None, None)):
        pass
    assert "\x1b" not in caplog.messages[0]
    assert len(caplog.messages[0]) < 300


def test_a_link_or_a_file_with_another_name_is_not_written(lock: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    os.link(precious, lock)
    with machine_lock.held("a"):
        assert precious.read_text() == "precious"
    lock.unlink()
    lock.symlink_to(precious)
    with pytest.raises(UserError, match="cannot be opened"), machine_lock.held("a"):
        pass
