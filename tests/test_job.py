"""Checks how a job of the workflow ends, and what its log says then."""

from __future__ import annotations

import errno
import logging
import os
from pathlib import Path

import pytest

from perftransfer.errors import UserError
from perftransfer.job import logged


def test_a_job_that_works_says_so_in_its_log(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "job.log"
    with logged(str(path)):
        logging.getLogger("perftransfer.some.module").info("at work: ü")
        logging.getLogger("library").info("of no interest")
    assert path.read_text(encoding="utf-8") == "at work: ü\ndone\n"


def test_bad_input_is_a_message_and_no_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "job.log"
    with pytest.raises(SystemExit) as ended, logged(str(path)):
        raise UserError("table.csv: line 3: no number")
    assert ended.value.code == 1
    assert path.read_text() == "table.csv: line 3: no number\n"
    assert capsys.readouterr().err == "table.csv: line 3: no number\n"


def test_a_defect_is_raised_and_its_traceback_is_in_the_log(tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    with pytest.raises(ZeroDivisionError), logged(str(path)):
        logging.getLogger("__main__").info("at work")
        1 / 0
    text = path.read_text()
    assert text.startswith("at work\nTraceback")
    assert "ZeroDivisionError" in text
    assert "done" not in text


def test_an_interrupt_is_one_line_and_no_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, logged(str(tmp_path / "a.log")):
        raise KeyboardInterrupt
    assert ended.value.code == 130
    for said in ((tmp_path / "a.log").read_text(), capsys.readouterr().err):
        assert "interrupted; finished work is kept" in said
        assert "Traceback" not in said


def test_a_warning_is_in_the_log_and_on_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("perftransfer.some.module")
    with logged(str(tmp_path / "a.log")):
        logger.warning("2 hosts")
    logger.warning("after the job")
    assert (tmp_path / "a.log").read_text() == "2 hosts\ndone\n"
    assert "2 hosts\n" in capsys.readouterr().err
    assert not logging.getLogger("perftransfer").handlers


@pytest.mark.parametrize(
    ("number", "words"), [(errno.ENOSPC, "No space left on device: free some space"), (errno.EACCES, "allow this user")]
)
def test_a_full_disk_or_a_missing_permission_is_one_message_with_its_path_and_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], number: int, words: str
) -> None:
    with pytest.raises(SystemExit) as ended, logged(str(tmp_path / "job.log")):
        raise OSError(number, os.strerror(number), "results/toy/dataset.parquet")
    assert ended.value.code == 1
    message = capsys.readouterr().err
    assert message.startswith("results/toy/dataset.parquet: ")
    assert words in message
    assert message.count("\n") == 1
    assert (tmp_path / "job.log").read_text() == message


def test_a_log_that_cannot_be_written_is_one_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(SystemExit), logged(str(full)):
        raise UserError("table.csv: line 3: no number")
    assert capsys.readouterr().err == "table.csv: line 3: no number\n"
