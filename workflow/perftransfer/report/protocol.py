"""How a study was made and what it does not claim, in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from perftransfer import designs
from perftransfer.report.findings_measuring import SIMULATED
from perftransfer.results.formatting import count, listed, number, percent, strategy_title


def everywhere(study: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Environments of a resolved study, and its targets."""
    return [*study["environments"], *study.get("targets", ())]


def really_measured(study: Mapping[str, Any]) -> bool:
    """Whether any environment was measured here, and not simulated."""
    return any(row["kind"] == "measured" and row.get("engine") != SIMULATED for row in everywhere(study))


def how_measured(study: Mapping[str, Any], constant_options: Mapping[str, object]) -> list[str]:
    """Say how the values came about."""
    said = []
    if really_measured(study):
        measuring = study["measuring"]
        said += [
            f"Up to {count(measuring['configurations'], 'configuration')} per environment were measured, each in "
            f"{count(measuring['repeats'], 'fresh process').replace('processs', 'processes')}: the default "
            "configuration, its one-at-a-time changes, and random ones. The order over configurations and repeats is "
            "random, and nothing else of the workflow runs meanwhile.",
            f"Each process warms up for at least {count(measuring['warmup_runs'], 'inference')} and "
            f"{number(measuring['warmup_seconds'])} s, until the medians of the last two windows of five inferences "
            f"agree (for at most {number(measuring['max_warmup_seconds'])} s). Then every single inference is timed, "
            f"at least {measuring['runs']} of them and for at least {number(measuring['seconds'])} s, until the 95 % "
            f"confidence interval of the median is within {percent(100 * measuring['precision'])} of it (for at most "
            f"{number(measuring['max_seconds'])} s). The value of a process is the median of its inferences, the "
            "value of a configuration the median of its processes.",
            "Whoever else used the CPUs meanwhile is recorded, and what was disturbed is measured again later "
            f"({count(measuring['retries'], 'more attempt')} at most); a configuration's value rests on its "
            "undisturbed processes if it has any.",
        ]
        if study.get("targets"):
            said.append("In a target only a handful of configurations is measured: as many as its budget says.")
    if any(row["kind"] == "imported" for row in study["environments"]):
        said.append(
            "Imported values are those of published tables: one value per configuration, of which it is not known how "
            "often it was measured."
        )
    if constant_options:
        fixed = listed(f"{name} = {value}" for name, value in constant_options.items())
        said.append(f"These options never varied, so nothing can be said of them: {fixed}.")
    return said


def left_out(study: Mapping[str, Any]) -> list[str]:
    """Say which environments the study names and yet does without."""
    names = study["left_out"]
    if not names:
        return []
    return [
        f"{count(len(names), 'environment')} of this study {'is' if len(names) == 1 else 'are'} missing: "
        f"{listed(names)}. The published tables could not be had, and the study was told to go on without them "
        "(missing = leave_out). Nothing on this page speaks of them."
    ]


def how_evaluated(study: Mapping[str, Any]) -> list[str]:
    """Say who was compared with whom on what, and what the measures mean."""
    evaluation, learning = study["evaluation"], study["learning"]
    scale = "the logarithm of the objective" if learning["scale"] == "log" else "the objective itself"
    strategies = listed(
        name if strategy_title(name) == name else f"{name} ({strategy_title(name)})"
        for name in evaluation["strategies"]
    )
    influence = (
        "Influence is a stepwise linear regression with interactions of up to "
        f"{study['influence']['order']} options (forward and backward, by "
        f"{study['influence']['criterion'].upper()}), as in "
        "the paper whose study this workflow follows: Iqbal, Kotthoff and Jamshidi, OpML 2019, arXiv 1904.02838."
    )
    if len(study["environments"]) == 1:
        return [influence]
    return [
        f"Strategies: {strategies}. Each is crossed with the learners {listed(learning['learners'])}, which learn "
        f"{scale}, and, where it uses a source, with every other environment as the source, which is known in full.",
        "A budget is the number of configurations measured in the target; "
        f"{listed(evaluation['budgets'])} were tried. Every combination was repeated "
        f"{evaluation['repeats']} times. In each repeat another random third of the target's configurations is held "
        "out, the same for all strategies, learners and budgets; it is never shown to a strategy, and errors are "
        "computed on it. Strategies that sample at random share their samples.",
        *_designs(evaluation["designs"], evaluation["design_budgets"]),
        "MAPE, the error on this page, is the mean of |true − predicted| / true over the held-out third, in percent. "
        "Regret is how much worse the configuration predicted best is than the best of all that were measured. Rank "
        "correlation (Spearman) is 1 where configurations are ordered as in truth.",
        "Numbers are brought together in this order: the median over repeats of each source, target, strategy, learner "
        "and budget; for the median learner the median over learners; then the median over sources and targets. The "
        "best learner of a strategy is chosen by its error at the largest budget, on the test data: what somebody gets "
        "who happens to choose well. The median learner is what to expect without that luck.",
        "The error of a perfect model is an estimate from the spread of repeated processes, for independent, normal "
        "noise. A model can fall below it by chance only.",
        influence,
    ]


def _designs(names: Sequence[str], budgets: Sequence[int]) -> list[str]:
    if not names:
        return []
    return [
        "Designs, the ways to choose what to measure, are compared without any source: "
        f"{listed(map(designs.title, names))}. They choose {listed(budgets)} configurations of the target, those of a "
        "fixed size as many as they have; what a design asks for and the target's table lacks is replaced by the "
        "nearest configuration that is there and not yet chosen."
    ]


def not_claimed(study: Mapping[str, Any], hosts: Mapping[str, Mapping[str, Any]], *, tested: bool) -> list[str]:
    """Say what nobody should read out of this page."""
    environments = everywhere(study)
    said = []
    if any(row.get("engine") == SIMULATED for row in environments):
        said.append("Simulated environments are made up, for tests: their numbers say nothing of any real system.")
    if any(row.get("emulated") is True for row in environments):
        said.append(
            "Emulated environments are restrictions of the same machine (fewer cores, for example): real measurements, "
            "but not other hardware. How far a model carries from one machine to another they do not tell."
        )
    if really_measured(study):
        said.append(
            "The networks have random, not trained, weights. That leaves the latency as it is, but nothing is claimed "
            "about accuracy; in particular, lower precision may cost some."
        )
    machines = {(host.get("processor"), host.get("cpus")) for host in hosts.values()}
    if hosts and len(machines) == 1:
        said.append("All measurements come from one machine; another one may behave differently.")
    if any(host.get("virtual_machine") for host in hosts.values()):
        said.append("It is a virtual machine: what its neighbours did is seen only as far as the system tells.")
    if len(study["environments"]) == 1:
        return said
    said.append(
        "The unit of the tests of significance is the target. Sources, learners and repeats on one target are no "
        "further evidence: they share its measurements. Where two medians are close, their order may be chance."
        if tested
        else "No test of significance was made: where two medians are close, the order of the two may be chance. The "
        "quartiles and the figures show how far results scatter."
    )
    return said
