from __future__ import annotations

import io
import logging

import pytest

from perftransfer.progress import Progress, duration


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.4, "0 s"),
        (8, "8 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (95, "1 min 35 s"),
        (3700, "1 h 1 min"),
    ],
)
def test_durations_are_written_the_way_people_say_them(seconds, text):
    assert duration(seconds) == text


def test_the_time_left_comes_from_the_pace_of_this_run_alone():
    clock = Clock()
    progress = Progress("vgg", 10, done_before=90, terminal=io.StringIO(), clock=clock)
    assert progress.line() == "vgg: 90 of 100, 90 of them from before"
    clock.now += 4
    progress.step()
    clock.now += 2
    progress.step()
    # 2 steps took 6 s, 8 are left; what was done before costs nothing and says nothing about the pace.
    assert progress.line() == "vgg: 92 of 100, 24 s left"


def test_the_last_line_tells_how_long_it_took():
    clock, out = Clock(), io.StringIO()
    progress = Progress("vgg", 2, terminal=out, clock=clock)
    for _ in range(2):
        clock.now += 50
        progress.step()
    assert progress.line() == "vgg: 2 of 2, took 1 min 40 s"
    assert out.getvalue().splitlines()[-1] == progress.line()


@pytest.fixture(autouse=True)
def _logs_progress(caplog):
    caplog.set_level(logging.INFO, "perftransfer.progress")


def test_a_log_gets_the_first_and_the_last_line_and_one_an_interval_between(caplog):
    clock = Clock()
    progress = Progress("vgg", 35, terminal=io.StringIO(), interval=10, clock=clock)
    for _ in range(35):
        clock.now += 1
        progress.step()
    assert caplog.messages == [
        "vgg: 0 of 35",
        "vgg: 10 of 35, 25 s left",
        "vgg: 20 of 35, 15 s left",
        "vgg: 30 of 35, 5 s left",
        "vgg: 35 of 35, took 35 s",
    ]


def test_a_pipe_gets_plain_lines_like_a_log(caplog):
    clock, pipe = Clock(), io.StringIO()
    progress = Progress("vgg", 30, terminal=pipe, clock=clock)
    for _ in range(30):
        clock.now += 1
        progress.step()
    assert pipe.getvalue().splitlines() == caplog.messages
    assert "\r" not in pipe.getvalue()


def test_a_terminal_gets_one_line_that_renews_itself_at_every_step(caplog):
    clock, terminal = Clock(), Terminal()
    progress = Progress("vgg", 3, terminal=terminal, clock=clock)
    for _ in range(3):
        clock.now += 1
        progress.step()
    output = terminal.getvalue()
    assert output.count("\n") == 1
    assert output.endswith("\n")
    assert output.count("\r") == 4
    assert [text.removeprefix("\x1b[K").strip() for text in output.split("\r")[1:]] == [
        "vgg: 0 of 3",
        "vgg: 1 of 3, 2 s left",
        "vgg: 2 of 3, 1 s left",
        "vgg: 3 of 3, took 3 s",
    ]
    assert "\x1b" not in caplog.text


def test_work_that_is_all_done_says_nothing(caplog):
    out = io.StringIO()
    Progress("vgg", 0, done_before=96, terminal=out, clock=Clock())
    assert out.getvalue() == caplog.text == ""
