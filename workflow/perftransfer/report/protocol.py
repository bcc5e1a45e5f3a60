"""How a study was made, and its limitations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from perftransfer import designs
from perftransfer.measuring.records import HostRecord
from perftransfer.report.finding import Finding
from perftransfer.report.findings_measuring import SIMULATED
from perftransfer.report.study_file import ResolvedStudy, StudyEnvironment


def everywhere(study: ResolvedStudy) -> list[StudyEnvironment]:
    """Return the environments of a resolved study, and its targets."""
    return [*study["environments"], *study.get("targets", ())]


def really_measured(study: ResolvedStudy) -> bool:
    """Tell whether any environment was measured here, and not simulated."""
    return any(row["kind"] == "measured" and row.get("engine") != SIMULATED for row in everywhere(study))


def how_measured(study: ResolvedStudy, constant_options: Mapping[str, object]) -> list[Finding]:
    """Describe where the values come from."""
    findings = []
    if really_measured(study):
        measuring = dict(study["measuring"])
        findings += [Finding(kind, measuring) for kind in ("method_sample", "method_process", "method_disturbed")]
        if study.get("targets"):
            findings.append(Finding("method_targets"))
    if any(row["kind"] == "imported" for row in study["environments"]):
        findings.append(Finding("method_imported"))
    if constant_options:
        findings.append(Finding("constant_options", {"options": dict(constant_options)}))
    return findings


def left_out(study: ResolvedStudy) -> list[Finding]:
    """Find the environments that the study names and lacks."""
    names = list(study["left_out"])
    return [Finding("environments_missing", {"environments": names})] if names else []


def how_evaluated(study: ResolvedStudy) -> list[Finding]:
    """Describe what was compared on what, and what the measures mean."""
    evaluation, learning = study["evaluation"], study["learning"]
    influence = Finding("method_influence", dict(study["influence"]))
    if len(study["environments"]) == 1 or not (evaluation["strategies"] or evaluation["designs"]):
        return [influence]
    compared = {
        "strategies": list(evaluation["strategies"]),
        "learners": list(learning["learners"]),
        "scale": learning["scale"],
        "budgets": list(evaluation["budgets"]),
        "repeats": evaluation["repeats"],
    }
    findings = [Finding("method_strategies", compared), Finding("method_budgets", compared)]
    if evaluation["designs"]:
        titles = [designs.title(name) for name in evaluation["designs"]]
        findings.append(Finding("method_designs", {"designs": titles, "budgets": list(evaluation["design_budgets"])}))
    kinds = ("method_metrics", "method_aggregation", "method_perfect_model")
    return [*findings, *map(Finding, kinds), influence]


def limitations(study: ResolvedStudy, hosts: Mapping[str, HostRecord], *, tested: bool) -> list[Finding]:
    """Find what must not be concluded from this study."""
    environments = everywhere(study)
    machines = {(host.get("processor"), host.get("cpus")) for host in hosts.values()}
    several = len(study["environments"]) > 1
    applies = {
        "limit_simulated": any(row.get("engine") == SIMULATED for row in environments),
        "limit_emulated": any(row.get("emulated") is True for row in environments),
        "limit_weights": really_measured(study),
        "limit_one_machine": bool(hosts) and len(machines) == 1,
        "limit_virtual_machine": any(host.get("virtual_machine") for host in hosts.values()),
        "limit_tests": several and tested,
        "limit_no_tests": several and not tested,
    }
    return [Finding(kind) for kind, holds in applies.items() if holds]


def overview(study: ResolvedStudy, sizes: Sequence[int]) -> Finding:
    """Count the environments, their kinds and their configurations."""
    environments = study["environments"]
    kinds = ["simulated" if row.get("engine") == SIMULATED else str(row["kind"]) for row in environments]
    facts = {
        "environments": len(environments),
        "kinds": {kind: kinds.count(kind) for kind in ("measured", "imported", "simulated") if kind in kinds},
        "emulated": sum(row.get("emulated") is True for row in environments),
        "configurations": {"low": min(sizes), "high": max(sizes)} if sizes else None,
    }
    return Finding("overview", facts, table="environments")
