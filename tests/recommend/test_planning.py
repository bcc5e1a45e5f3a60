from __future__ import annotations

from collections.abc import Mapping

import known
import numpy as np
import pandas as pd
import pytest

from perftransfer.recommend.planning import choose_next
from perftransfer.recommend.rounds import measure_in_rounds
from perftransfer.recommend.stopping import outlook
from perftransfer.space.options import configuration_id

STRATEGIES = ["AUTO", "KT+active", "RS", "GS", "LMS+kmeans", "LMS+plackett_burman"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_is_next_was_not_measured(strategy: str) -> None:
    model = known.model(strategy)
    measured = [0, 7, 3]
    values = {0: known.TARGET[0], 7: np.nan, 3: known.TARGET[3]}
    found = choose_next(model, known.ALL, 5, measured, values)
    assert len(set(found)) == 5
    assert not set(found) & set(measured)
    assert found == choose_next(model, known.ALL, 5, measured, values)
    everything = choose_next(model, known.ALL, 1000, measured, values)
    assert sorted([*everything, *measured]) == list(range(len(known.ALL)))


class Machine:
    """A target: says what it is asked to measure; the configuration at position ``broken`` cannot be measured."""

    def __init__(self, broken: int | None = None) -> None:
        self.asked: list[list[str]] = []
        self._broken = broken

    def measure(self, configurations: Mapping[str, object]) -> pd.DataFrame:
        ids = list(known.CONFIGURATIONS)
        self.asked.append(list(configurations))
        places = [ids.index(one) for one in configurations]
        good = [place != self._broken for place in places]
        return pd.DataFrame(
            {
                "configuration_id": list(configurations),
                "status": ["ok" if one else "failed" for one in good],
                "disturbed": False,
                "latency_ms": [known.TARGET[place] if one else None for place, one in zip(places, good, strict=True)],
            }
        ).astype({"disturbed": "boolean", "latency_ms": "float64"})


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_budget_is_spent_the_default_first_and_the_same_again(strategy: str) -> None:
    found = []
    for _ in range(2):
        machine = Machine()
        model = known.model(strategy, measured=0)
        chosen = measure_in_rounds(model, known.FRAME, known.CONFIGURATIONS, 9, 3, [], machine.measure)
        found.append(list(chosen))
        assert len(chosen) == 9
        assert next(iter(chosen)) == configuration_id(known.SPACE.default)
        # Each call begins with what was measured before: nothing is measured twice.
        for before, after in zip(machine.asked, machine.asked[1:], strict=False):
            assert after[: len(before)] == before
        assert len(machine.asked) == (4 if "active" in strategy else 1)
    assert found[0] == found[1]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_was_measured_before_counts_whoever_planned_it(strategy: str) -> None:
    before = [list(known.CONFIGURATIONS)[place] for place in (5, 17, 3)]
    model = known.model(strategy, measured=0)
    chosen = measure_in_rounds(model, known.FRAME, known.CONFIGURATIONS, 7, 2, before, Machine().measure)
    assert len(chosen) == 7
    assert set(before) < set(chosen)
    machine = Machine()
    spent = measure_in_rounds(model, known.FRAME, known.CONFIGURATIONS, 3, 2, before, machine.measure)
    assert list(spent) == [configuration_id(known.SPACE.default), *before]
    assert len(machine.asked) == 1


def test_what_cannot_be_measured_is_not_asked_for_again() -> None:
    model = known.model("KT+active", measured=0)
    second = list(measure_in_rounds(model, known.FRAME, known.CONFIGURATIONS, 3, 1, [], Machine().measure))[1]
    machine = Machine(list(known.CONFIGURATIONS).index(second))
    chosen = measure_in_rounds(model, known.FRAME, known.CONFIGURATIONS, 6, 1, [], machine.measure)
    assert len(chosen) == 6


def test_a_budget_beyond_the_space_is_all_of_it() -> None:
    model = known.model(measured=0)
    chosen = measure_in_rounds(model, known.FRAME, known.CONFIGURATIONS, 1000, 5, [], Machine().measure)
    assert set(chosen) == set(known.CONFIGURATIONS)


def test_more_measurements_are_worth_less_the_more_there_are() -> None:
    few, many = (outlook(known.model(measured=n), known.ALL) for n in (3, 20))
    assert few.then < few.now
    assert many.now < few.now
    assert many.now - many.then < few.now - few.then
    assert many.enough
    assert few.noise == pytest.approx(0.02 / np.sqrt(2))


def test_noise_that_nobody_measured_is_what_the_model_takes_for_it() -> None:
    assert outlook(known.model(measured=12, noise=False), known.ALL).noise > 0


def test_what_is_measured_anyway_need_not_be_told_again() -> None:
    model = known.model(measured=0)
    alone = choose_next(model, known.ALL, 4, [], {})
    # Equal in all but an option that changes nothing: nothing is left to be told there.
    arena = [option.name for option in model.options].index("arena")
    twin = known.ALL[alone[0]].copy()
    twin[arena] = 1 - twin[arena]
    place = int(np.flatnonzero((twin == known.ALL).all(axis=1))[0])
    assert alone[0] not in choose_next(model, known.ALL, 3, [place], {})
