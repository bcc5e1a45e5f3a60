"""Checks that a configuration of one environment is looked up in another one that has other options."""

from __future__ import annotations

import numpy as np

from perftransfer.space.alignment import Alignment
from perftransfer.space.options import Option

THREADS = Option("threads", (1, 2, 4), True, 2)
MODE = Option("mode", ("a", "b"), False, "b", conditional=True)
INNER = Option("inner", (1, 2), True, 1, conditional=True)
OPTIONS = (THREADS, MODE, INNER)


def test_an_option_that_an_environment_does_not_have_decides_nothing_there() -> None:
    aligned = Alignment(np.array([[0, 2, 0], [1, 2, 2]]), OPTIONS)
    assert aligned(np.array([[2, 0, 1], [1, 1, 2]])).tolist() == [[2, 2, 1], [1, 2, 2]]


def test_an_option_that_is_always_active_is_at_its_default_where_it_is_not_known() -> None:
    aligned = Alignment(np.array([[0, 0, 0], [1, 1, 2]]), OPTIONS)
    assert aligned(np.array([[0, 2, 1], [2, 0, 2]])).tolist() == [[0, 1, 1], [2, 0, 2]]


def test_a_default_that_was_not_measured_is_none() -> None:
    aligned = Alignment(np.array([[0, 0, 0], [2, 0, 2], [2, 1, 2]]), OPTIONS)
    # Two threads are the default; of one and four, four were measured more often. Mode "b" was measured.
    assert aligned(np.array([[3, 2, 1]])).tolist() == [[2, 1, 1]]


def test_configurations_of_the_same_options_stay_as_they_are() -> None:
    codes = np.array([[0, 0, 0], [1, 1, 2], [2, 0, 1]])
    assert Alignment(codes, OPTIONS)(codes) is codes


def test_where_nothing_was_measured_nothing_is_changed() -> None:
    codes = np.array([[0, 0, 0]])
    assert (Alignment(np.empty((0, 3), dtype=int), OPTIONS)(codes) == codes).all()
