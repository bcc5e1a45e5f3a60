"""Made-up studies for the tests of the report: a random one of any size, and the smallest there can be."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from wide import by_configuration

from perftransfer import figures as figures_of_study
from perftransfer.dataset.row_groups import Excerpt
from perftransfer.evaluation.ranges import ranges_table
from perftransfer.evaluation.searches import COLUMNS as SEARCH_COLUMNS
from perftransfer.evaluation.similarity import similarity_table
from perftransfer.report.figure_file import FigureFile
from perftransfer.space.options import Option
from perftransfer.tables import CATALOGUE, StudyTable

LEARNERS = ["BRT", "SVR"]
BUDGETS = [5, 30]
OPTIONS = ["intra_op_threads", "execution_mode", "intra_op_spinning", "precision", "memory_arena"]
SHAPES = {"RS": (40.0, 0.7), "DM": (60.0, 0.0), "LMS": (18.0, 0.15)}
FIGURES = ["error_against_budget", "error_per_target", "source_against_target", "influence", "noise"]


def environment(name: str, **changes: object) -> dict[str, Any]:
    """An environment as the resolved study describes it."""
    described = {
        "environment": name, "hardware": "xeon-8481c", "emulated": False, "cores": "all", "engine": "onnxruntime",
        "network": "mobilenetv2", "space": "onnxruntime", "batch": 1, "image_px": 128, "kind": "measured",
    }  # fmt: skip
    return described | changes


def imported(name: str) -> dict[str, Any]:
    """An imported environment of which only the hardware is told."""
    unknown = dict.fromkeys(["cores", "engine", "network", "batch", "image_px"])
    return environment(name, hardware="jetson-tx2", kind="imported", **unknown)


def study(environments: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """A resolved study of these environments."""
    settings = {
        "study": "example",
        "seed": 1,
        "objectives": ["latency_ms"],
        "environments": environments,
        "learning": {"learners": LEARNERS, "scale": "log"},
        "evaluation": {
            "strategies": list(SHAPES), "budgets": BUDGETS, "repeats": 3, "designs": [], "design_budgets": BUDGETS,
        },
        "left_out": [],
        "maximized": [],
        "influence": {"criterion": "bic", "order": 2},
        "measuring": {
            "configurations": 48, "repeats": 2, "warmup_runs": 3, "warmup_seconds": 0.1, "runs": 7, "seconds": 0.2,
            "timeout_seconds": 120.0, "max_warmup_seconds": 2.0, "max_seconds": 1.0, "precision": 0.02, "retries": 1,
        },
    }  # fmt: skip
    return settings | changes


def named(n: int) -> list[dict[str, Any]]:
    """Environments of which every other one is emulated."""
    rows = []
    for i in range(n):
        cores = "1" if i % 2 else "all"
        name = f"net{i // 4}-{128 * (1 + i // 2 % 2)}px-{'1core' if i % 2 else 'all'}"
        rows.append(environment(name, emulated=bool(i % 2), cores=cores, image_px=128 * (1 + i // 2 % 2)))
    return rows


def dataset(environments: list[dict[str, Any]], configurations: int = 48) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    options = pd.DataFrame({name: rng.integers(0, 3, configurations) for name in OPTIONS})
    options.insert(0, "configuration_id", [f"c{i:04d}" for i in range(configurations)])
    frames = []
    for row in environments:
        log = rng.uniform(1, 4) + options[OPTIONS].to_numpy() @ (
            np.array([-0.5, 0.2, 0.3, -0.3, 0]) + rng.normal(0, 0.1, 5)
        )
        described = {name: row[name] for name in row if name not in ("space", "kind")}
        frame = options.assign(**described, latency_ms=np.exp(log))
        repeated = row["kind"] == "measured"
        frame["latency_ms_cv"] = rng.gamma(1.5, 0.015, configurations) if repeated else np.nan
        frame["latency_ms_n"] = 2.0 if repeated else np.nan
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def ranges(dataset: pd.DataFrame) -> pd.DataFrame:
    """What is known of the environments that these rows are of."""
    return ranges_table(dataset.groupby("environment", sort=False), ["latency_ms"])


def transfer(environments: list[dict[str, Any]], strategies: list[str], repeats: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    names = [row["environment"] for row in environments]
    frames = []
    for strategy in strategies:
        start, slope = SHAPES[strategy]
        pairs = [(None, b) for b in names] if strategy == "RS" else [(a, b) for a in names for b in names if a != b]
        index = pd.MultiIndex.from_product(
            [pairs, LEARNERS, [0] if strategy == "DM" else BUDGETS, range(repeats)],
            names=["pair", "learner", "budget", "repeat"],
        )
        frame = index.to_frame(index=False)
        frame["source"], frame["target"] = frame["pair"].str[0], frame["pair"].str[1]
        difficulty = {pair: rng.uniform(0.5, 1.6) for pair in pairs}
        noise = np.exp(rng.normal(0, 0.2, len(frame)))
        frame["mape"] = start * (np.maximum(frame["budget"], 5) / 5) ** -slope * noise * frame["pair"].map(difficulty)
        frame["mape"] *= frame["learner"].map({"BRT": 1.0, "SVR": 1.2})
        frames.append(frame.drop(columns="pair").assign(strategy=strategy))
    table = pd.concat(frames, ignore_index=True).assign(objective="latency_ms", design="random", seed=0)
    return table.assign(
        n_measured=table["budget"], mape_all=table["mape"], regret=table["mape"] / 400, spearman=1 - table["mape"] / 300
    )


def influence(environments: list[dict[str, Any]]) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    shares = dict(zip(OPTIONS, [0.5, 0.08, 0.1, 0.15, 0.002], strict=True)) | {
        "intra_op_threads:intra_op_spinning": 0.05
    }
    rows = []
    for i, row in enumerate(environments):
        for term, share in shares.items():
            if ":" in term and i % 2 == 0:
                continue
            value = share * float(rng.lognormal(0, 0.3))
            order = 1 + term.count(":")
            rows.append((row["environment"], "latency_ms", term, order, None, value, 1, share > 0.01))
    columns = ["environment", "objective", "term", "order", "coefficient", "share_of_variance", "rank", "selected"]
    return pd.DataFrame(rows, columns=columns)


def measurements(environments: list[dict[str, Any]]) -> pd.DataFrame:
    """Two processes of each configuration; in the first environment one each crashes, times out and is disturbed."""
    rows = [
        (row["environment"], row["engine"], f"c{i // 2:04d}", i % 2, i, "ok", None, False)
        for row in environments
        if row["kind"] == "measured"
        for i in range(96)
    ]
    columns = ["environment", "engine", "configuration_id", "repeat", "order", "status", "error", "disturbed"]
    table = pd.DataFrame(rows, columns=columns).astype({"disturbed": "boolean", "error": "str"})
    if len(table):
        table.loc[0, ["status", "error", "disturbed"]] = ["crashed", "killed by SIGSEGV", None]
        table.loc[1, ["status", "error", "disturbed"]] = ["timeout", "not finished after 120 s", None]
        table.loc[2, "disturbed"] = True
    return table


def sentinels(environments: list[dict[str, Any]]) -> pd.DataFrame:
    """The sentinel of each measured environment: it gets slower by 10 % in five measurements."""
    rows = [
        (row["environment"], f"2026-01-01T00:00:0{i}", "ok", False, 10 + 0.25 * i)
        for row in environments
        if row["kind"] == "measured"
        for i in range(5)
    ]
    return pd.DataFrame(rows, columns=["environment", "started_at", "status", "disturbed", "latency_ms"])


def search(environments: list[dict[str, Any]]) -> pd.DataFrame:
    """Searches that find the best at once with sources, and never without."""
    names = [row["environment"] for row in environments]
    rows = [
        (target, ", ".join(name for name in names if name != target) if method == "TRANSFER" else "", "latency_ms",
         method, 0, n, f"id{n}", 1 + regret / n, 1 + regret / n, regret / n)
        for target in (names if len(names) > 1 else [])
        for method, regret in (("TRANSFER", 0.03), ("RANDOM", 2.0))
        for n in range(1, 13)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(SEARCH_COLUMNS))


def tables(
    environments: list[dict[str, Any]], strategies: list[str] | None = None, repeats: int = 3
) -> dict[str, pd.DataFrame]:
    """All tables of a study of these environments, for who asks to change."""
    made = _tables(json.dumps(environments), tuple(strategies or SHAPES), repeats)
    return {name: table.copy() for name, table in made.items()}


@functools.cache
def _tables(environments_json: str, strategies: tuple[str, ...], repeats: int) -> dict[str, pd.DataFrame]:
    environments = json.loads(environments_json)
    rows = dataset(environments)
    found = {
        "ranges": ranges(rows),
        "measurements": measurements(environments),
        "sentinels": sentinels(environments),
        "transfer": transfer(environments, list(strategies), repeats),
        "search": search(environments),
        "influence": influence(environments),
    }
    names = [row["environment"] for row in environments]
    return found | {
        "environments": pd.DataFrame(environments),
        "configurations": rows.drop_duplicates("configuration_id"),
        "timing": found["transfer"].assign(fit_seconds=0.01),
        "similarity": similarity_table(by_configuration(rows), found["influence"], names, ["latency_ms"], scale="log"),
    }


def excerpt(environments: list[dict[str, Any]], configurations: int = 48) -> Excerpt:
    """Values of these environments, all of them."""
    rows = dataset(environments, configurations)
    options = rows[["configuration_id", *OPTIONS]].drop_duplicates("configuration_id", ignore_index=True)
    values = by_configuration(rows)("latency_ms").reset_index(drop=True)
    return Excerpt(options, {"latency_ms": values}, len(options), len(environments))


def shown(tables: dict[str, pd.DataFrame], *names: str) -> list[StudyTable]:
    """Tables of a study, as the report shows them."""
    options = tuple(Option(name, (0, 1, 2), True, 1) for name in OPTIONS)
    made = []
    for name in names:
        table = CATALOGUE.load(name)()
        frame = table.compute({**{name: tables[name] for name in table.inputs}, "options": options, "seed": 0})
        made.append(StudyTable.of(name, frame))
    return made


def hosts(environments: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """One machine for all that was measured."""
    host = {
        "processor": "Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz", "architecture": "x86_64", "cpus": 2,
        "usable_cpus": 2, "memory_gib": 7.8, "virtual_machine": True, "system": "Linux 6.1", "python": "3.11.2",
        "versions": {"onnxruntime": "1.22.0"},
    }  # fmt: skip
    return {row["environment"]: dict(host) for row in environments if row["kind"] == "measured"}


def figures(folder: Path, objective: str = "latency_ms") -> list[FigureFile]:
    """One small picture for each figure."""
    files = []
    for name in FIGURES:
        path = folder / f"{name}.{objective}.svg"
        path.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="300pt" height="200pt"></svg>')
        section = figures_of_study.CATALOGUE.load(name).section
        files.append(FigureFile(name, objective, name.replace("_", " "), f"Caption of {name}.", path, section))
    return files
