from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import known
import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from perftransfer.dataset.measured import measurements
from perftransfer.goal import Goal, Limit
from perftransfer.measuring import bench, journal
from perftransfer.measuring.bench import Environment, Session
from perftransfer.measuring.protocol import Protocol
from perftransfer.recommend.rounds import TargetMeasurements, measure_in_rounds
from perftransfer.recommend.stopping import outlook
from perftransfer.recommend.transferred_model import Measured, TransferredModel
from perftransfer.search.interface import SearchMethod
from perftransfer.space.options import configuration_id

ENERGY = 10 / known.TARGET
#: Strategy, and search method; without one, the design of the strategy plans.
PLANS = [
    *((name, None) for name in ("AUTO", "KT+active", "RS", "GS", "LMS+kmeans", "LMS+plackett_burman")),
    ("AUTO", "TRANSFER"),
    ("RS", "RANDOM"),
]


@pytest.mark.parametrize(("strategy", "search"), PLANS)
def test_what_is_next_was_not_measured(strategy: str, search: str | None) -> None:
    model = known.model(strategy, search=search)
    measured = [0, 7, 3]
    values = {0: known.TARGET[0], 3: known.TARGET[3]}
    found = known.planner(model).choose_next(5, measured, known.seen(values, {7}))
    assert len(set(found)) == 5
    assert not set(found) & set(measured)
    assert found == known.planner(model).choose_next(5, measured, known.seen(values, {7}))
    everything = known.planner(model).choose_next(1000, measured, known.seen(values, {7}))
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
        options = known.FRAME.iloc[places].drop(columns="configuration_id").reset_index(drop=True)
        return options.assign(
            **{
                "configuration_id": list(configurations),
                "status": ["ok" if one else "failed" for one in good],
                "disturbed": False,
                "latency_ms": [known.TARGET[place] if one else None for place, one in zip(places, good, strict=True)],
                "energy_mj": [ENERGY[place] if one else None for place, one in zip(places, good, strict=True)],
            }
        ).astype({"disturbed": "boolean", "latency_ms": "float64"})


def spend(
    model: TransferredModel,
    budget: int,
    batch: int,
    before: list[str],
    machine: Machine,
    tolerance: float | None = None,
    goal: Goal | None = None,
    others: Mapping[str, TransferredModel] | None = None,
) -> TargetMeasurements[pd.DataFrame]:
    """Measure on a machine whose records are a table already."""
    objective = model.recipe.objective
    return measure_in_rounds(
        {objective: model, **(others or {})},
        goal or Goal([objective], [objective]),
        known.FRAME,
        known.CONFIGURATIONS,
        budget,
        batch,
        before,
        machine.measure,
        lambda records: records,
        tolerance,
    )


@pytest.mark.parametrize(("strategy", "search"), PLANS)
def test_the_budget_is_spent_the_default_first_and_the_same_again(strategy: str, search: str | None) -> None:
    found = []
    for _ in range(2):
        machine = Machine()
        model = known.model(strategy, measured=0, search=search)
        spent = spend(model, 9, 3, [], machine)
        chosen = spent.chosen
        assert spent.records["configuration_id"].tolist() == list(chosen)
        found.append(list(chosen))
        assert len(chosen) == 9
        assert next(iter(chosen)) == configuration_id(known.SPACE.default)
        # Each call begins with what was measured before: nothing is measured twice.
        for before, after in zip(machine.asked, machine.asked[1:], strict=False):
            assert after[: len(before)] == before
        assert len(machine.asked) == (4 if "active" in strategy or search else 1)
    assert found[0] == found[1]


@pytest.mark.parametrize(("strategy", "search"), PLANS)
def test_earlier_measurements_count_towards_the_budget(strategy: str, search: str | None) -> None:
    before = [list(known.CONFIGURATIONS)[place] for place in (5, 17, 3)]
    model = known.model(strategy, measured=0, search=search)
    chosen = spend(model, 7, 2, before, Machine()).chosen
    assert len(chosen) == 7
    assert set(before) < set(chosen)
    machine = Machine()
    spent = spend(model, 3, 2, before, machine).chosen
    assert list(spent) == [configuration_id(known.SPACE.default), *before]
    assert set().union(*machine.asked) == set(spent)


def test_a_search_measures_what_is_best_in_the_sources_and_finds_the_best() -> None:
    model = known.model(measured=0, search="TRANSFER")
    chosen = [list(known.CONFIGURATIONS).index(one) for one in spend(model, 7, 1, [], Machine()).chosen]
    by_sources = np.argsort(known.truth(1.0, 1) * known.truth(10.0, 2))
    assert chosen[1] in by_sources[:10]
    assert known.TARGET[chosen].min() <= 1.02 * known.TARGET.min()


@pytest.mark.parametrize("search", [None, "TRANSFER"])
def test_what_cannot_be_measured_is_not_asked_for_again(search: str | None) -> None:
    model = known.model("KT+active" if search is None else "AUTO", measured=0, search=search)
    second = list(spend(model, 3, 1, [], Machine()).chosen)[1]
    machine = Machine(list(known.CONFIGURATIONS).index(second))
    chosen = spend(model, 6, 1, [], machine).chosen
    assert len(chosen) == 6


def test_a_search_stops_when_more_would_gain_nothing() -> None:
    model = known.model(measured=0, search="TRANSFER")
    spent = spend(model, 30, 1, [], Machine(), tolerance=0.05)
    assert spent.stopped_early
    assert 5 <= len(spent.chosen) < 30
    ids = list(known.CONFIGURATIONS)
    best = min(known.TARGET[ids.index(name)] for name in spent.chosen)
    assert best / known.TARGET.min() - 1 < 0.05
    # What was chosen is what would be chosen without the end.
    whole = spend(model, len(spent.chosen), 1, [], Machine())
    assert list(whole.chosen) == list(spent.chosen)
    assert not whole.stopped_early
    # A plan for the whole space is spent.
    assert not spend(known.model(measured=0), 12, 1, [], Machine(), tolerance=0.5).stopped_early


def test_a_search_keeps_limits_where_the_best_breaks_them() -> None:
    """What is fast needs energy, and there is a limit to it."""
    model = known.model(measured=0, search="TRANSFER")
    energy = reverse(model)
    most = float(np.quantile(ENERGY, 0.6))
    goal = Goal(["latency_ms"], ["latency_ms"], [Limit("energy_mj", True, most)])
    chosen = spend(model, 12, 1, [], Machine(), goal=goal, others={"energy_mj": energy}).chosen
    rows = [list(known.CONFIGURATIONS).index(name) for name in chosen]
    within_limit = most >= ENERGY
    assert within_limit[rows].mean() > 0.5
    best = known.TARGET[[row for row in rows if within_limit[row]]].min()
    assert best / known.TARGET[within_limit].min() - 1 < 0.02
    # Without the limit, it looks elsewhere.
    free = spend(model, 12, 1, [], Machine()).chosen
    assert within_limit[[list(known.CONFIGURATIONS).index(name) for name in free]].mean() < 0.5


def test_a_search_for_two_objectives_reaches_both_ends_of_the_front() -> None:
    model = known.model(measured=0, search="TRANSFER")
    both = ["latency_ms", "energy_mj"]
    chosen = spend(model, 12, 1, [], Machine(), goal=Goal(both, both), others={"energy_mj": reverse(model)}).chosen
    rows = [list(known.CONFIGURATIONS).index(name) for name in chosen]
    assert known.TARGET[rows].min() / known.TARGET.min() - 1 < 0.1
    assert ENERGY[rows].min() / ENERGY.min() - 1 < 0.1


def reverse(model: TransferredModel) -> TransferredModel:
    """The model of an objective that is low where latency is high."""
    recipe = replace(model.recipe, objective="energy_mj")
    sources = {name: replace(one, y=10 / one.y) for name, one in model.sources.items()}
    return TransferredModel(recipe, model.options, model.space, sources, model.target)


def test_a_budget_beyond_the_space_is_all_of_it() -> None:
    model = known.model(measured=0)
    chosen = spend(model, 1000, 5, [], Machine()).chosen
    assert set(chosen) == set(known.CONFIGURATIONS)


def test_more_measurements_are_worth_less_the_more_there_are() -> None:
    few, many = (outlook(known.model(measured=n), known.ALL) for n in (3, 20))
    assert few is not None
    assert many is not None
    assert 0 < few.gain < few.regret
    assert many.regret < few.regret
    assert many.gain < few.gain
    assert many.is_enough(0.01)
    assert many.may_stop(20, 0.02)
    assert not few.may_stop(20, 0.0)
    # Whatever the model says: so few measurements do not show whether it is right.
    assert not many.may_stop(4, 0.02)
    assert few.noise == pytest.approx(0.02 / np.sqrt(2) * norm.ppf(0.75))


def test_the_bound_of_the_regret_holds_as_often_as_it_says() -> None:
    held = []
    for seed in range(20):
        model, truth = known.model(measured=0), known.truth(3.0, 100 + seed)
        rows = np.random.default_rng(seed).permutation(len(truth))[:6]
        noise = np.full(len(rows), np.nan)
        measured = Measured(known.ALL[rows], truth[rows], noise, noise)
        found = outlook(model.with_target(measured), known.ALL)
        assert found is not None
        held.append(truth[rows].min() / truth.min() - 1 <= found.regret)
    assert 0.8 <= np.mean(held) <= 1


def test_noise_that_nobody_measured_is_not_made_up() -> None:
    found = outlook(known.model(measured=12, noise=False), known.ALL)
    assert found is not None
    assert found.noise is None


def test_the_outlook_is_on_what_is_left() -> None:
    model = known.model(measured=20)
    measured = {tuple(row) for row in model.target.codes}
    left = known.ALL[[tuple(row) not in measured for row in known.ALL]]
    found, on_left = outlook(model, known.ALL), outlook(model, left)
    assert found is not None
    assert on_left is not None
    assert found == on_left
    assert outlook(known.model(measured=len(known.ALL)), known.ALL) is None


def test_it_is_planned_from_what_should_be_good_and_from_all_if_need_be() -> None:
    model = known.model(measured=0)
    half = TransferredModel(
        replace(model.recipe, candidate_fraction=0.5), model.options, model.space, model.sources, model.target
    )
    slow = known.truth(1.0, 1) + known.truth(1.0, 2)
    fastest = set(np.argsort(slow)[: len(slow) * 2 // 3])
    chosen = known.planner(half).choose_next(8, [], known.seen({}))
    assert set(chosen) <= fastest
    assert not set(known.planner(model).choose_next(8, [], known.seen({}))) <= fastest
    assert sorted(known.planner(half).choose_next(1000, [0], known.seen({}))) == list(range(1, len(known.ALL)))


@pytest.mark.parametrize("search", [None, "TRANSFER"])
def test_a_killed_run_makes_the_same_choices_again(search: str | None) -> None:
    model, batch = known.model(measured=0, search=search), 3 if search is None else 1
    whole = spend(model, 8, batch, [], Machine())
    # What a search chose rests on what it had measured before.
    for some in ([5, 2], [7], [1, 3, 4, 6]) if search is None else ([1], [1, 2], [1, 2, 3, 4]):
        before = [list(whole.chosen)[place] for place in some]
        again = spend(model, 8, batch, before, Machine())
        assert list(again.chosen) == list(whole.chosen)


@pytest.mark.parametrize(("strategy", "search"), [("KT+active", None), ("AUTO", "TRANSFER"), ("AUTO", "RANDOM")])
def test_a_run_killed_within_a_batch_makes_the_same_choices_again(strategy: str, search: str | None) -> None:
    model = known.model(strategy, measured=0, search=search)
    whole = list(spend(model, 8, 3, [], Machine()).chosen)
    # Within a batch, the order of measuring is random.
    for positions in ([], [0], [0, 3], [1, 2, 3, 0, 6], [0, 3, 1, 2, 4, 6, 5], range(8)):
        before = [whole[position] for position in positions]
        assert list(spend(model, 8, 3, before, Machine()).chosen) == whole


def test_a_search_continues_from_what_another_strategy_chose() -> None:
    model = known.model(measured=0, search="TRANSFER")
    whole = list(spend(model, 6, 1, [], Machine()).chosen)
    others = [name for name in known.CONFIGURATIONS if name not in whole][:2]
    chosen = list(spend(model, 6, 1, [*whole[:3], *others], Machine()).chosen)
    assert chosen[:5] == [*whole[:3], *others]
    assert len(chosen) == 6


def test_one_search_method_serves_all_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    initialise = SearchMethod.__init__

    def counted(self: SearchMethod, *arguments: Any) -> None:
        made.append(self)
        initialise(self, *arguments)

    monkeypatch.setattr(SearchMethod, "__init__", counted)
    spend(known.model(measured=0, search="TRANSFER"), 6, 1, [], Machine())
    assert len(made) == 1


class Killed(BaseException):
    """Ends a run at any point."""


def test_a_measured_search_killed_anywhere_makes_the_same_choices_and_measures_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = Environment("target", "simulated", "none", 0, "all", {"batch": 1, "image_px": 128}, {}, 1)
    protocol = Protocol(1, 0.0, 3, 0.0, max_warmup_seconds=0.0, max_seconds=0.0)

    def search(path: Path, kill_after: int) -> list[str]:
        def measure(engine: object, request: dict[str, Any], cpus: object) -> dict[str, Any]:
            nonlocal kill_after
            if kill_after == 0:
                raise Killed
            kill_after -= 1
            position = list(known.CONFIGURATIONS.values()).index(request["options"])
            name = list(known.CONFIGURATIONS)[position]
            processes = [key for key in journal.measurements(journal.read(path)) if key[1] == name]
            # The first process of every other configuration is disturbed, and shows another value.
            disturbed = not processes and position % 2 == 0
            latency = known.TARGET[position] * (3 if disturbed else 1)
            return {"status": "ok", "error": None, "latency_ms": [latency], "external_cpu_share": float(disturbed)}

        monkeypatch.setattr(bench, "measure", measure)
        state = tmp_path / "hardware.json"
        with Session(
            environment, repeats=2, retries=1, protocol=protocol, journal_path=path, seed=5, state=state
        ) as session:
            measured = measure_in_rounds(
                {"latency_ms": known.model(measured=0, search="TRANSFER")},
                Goal(["latency_ms"], ["latency_ms"]),
                known.FRAME,
                known.CONFIGURATIONS,
                6,
                2,
                session.measured_configurations(),
                session.measure,
                lambda records: measurements(records, "target", "simulated", known.SPACE.options, 1),
            )
        return list(measured.chosen)

    def processes(path: Path) -> list[tuple[str, int, int]]:
        """Configuration, repeat and attempt of each record."""
        return [
            (r["configuration_id"], r["repeat"], r["attempt"])
            for r in filter(journal.is_measurement, journal.read(path))
        ]

    whole = search(tmp_path / "whole.jsonl", -1)
    n = len(processes(tmp_path / "whole.jsonl"))
    assert n > 2 * len(whole)
    for kill_after in (2, 5):
        path = tmp_path / f"{kill_after}.jsonl"
        for _ in range(n // kill_after):
            with contextlib.suppress(Killed):
                search(path, kill_after)
        assert search(path, -1) == whole
        assert len(processes(path)) == len(set(processes(path))) == n


@pytest.mark.parametrize(("strategy", "is_random"), [("RS", True), ("KT+active", False)])
def test_what_others_chose_was_not_drawn(strategy: str, is_random: bool) -> None:
    model = known.model(strategy, measured=0)
    whole = spend(model, 6, 3, [], Machine())
    assert whole.is_random_sample == is_random
    others = [one for one in known.CONFIGURATIONS if one not in whole.chosen][:2]
    mixed = spend(model, 6, 3, others, Machine())
    assert not mixed.is_random_sample


def test_what_is_measured_anyway_need_not_be_told_again() -> None:
    model = known.model(measured=0)
    alone = known.planner(model).choose_next(4, [], known.seen({}))
    # Equal in all but an option that changes nothing: nothing is left to be told there.
    arena = [option.name for option in model.options].index("arena")
    twin = known.ALL[alone[0]].copy()
    twin[arena] = 1 - twin[arena]
    place = int(np.flatnonzero((twin == known.ALL).all(axis=1))[0])
    assert alone[0] not in known.planner(model).choose_next(3, [place], known.seen({}))
