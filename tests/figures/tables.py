"""Made-up tables that look like those of a real study, for tests of the figures: same seed, same tables."""

from __future__ import annotations

import functools
import itertools

import numpy as np
import pandas as pd
from wide import by_configuration

from perftransfer.evaluation.ranges import ranges_table
from perftransfer.evaluation.searches import COLUMNS as SEARCH_COLUMNS

LEARNERS = ["BRT", "NN", "RF", "RT", "SVR"]
BUDGETS = [5, 10, 20, 40]
NETWORKS = ["mobilenetv2", "inceptionv3", "xception", "resnet50", "efficientnetb0"]
OPTIONS = [
    "intra_op_threads", "inter_op_threads", "execution_mode", "graph_optimization_level", "intra_op_spinning",
    "prepacking", "precision", "memory_arena", "memory_pattern",
]  # fmt: skip
# Budgets of designs without transfer, those of a fixed size last, and how their errors compare with random ones.
DESIGNS = {
    "random": ([12, 25, 20, 40], 1.0), "uniform": ([20, 40], 1.05), "stratified": ([20, 40], 0.95),
    "systematic": ([20, 40], 0.97), "multistage": ([20, 40], 1.1), "kmeans": ([20, 40], 0.85),
    "latin_hypercube": ([20, 40], 0.9), "plackett_burman": ([12], 1.3), "box_behnken": ([25], 1.1),
    "central_composite": ([25], 0.8),
}  # fmt: skip
SHAPES = {"RS": (1.0, 0.62), "GS": (0.85, 0.6), "DM": (2.2, 0.0), "LMS": (0.75, 0.25), "NLMS": (0.9, 0.5)}
# Of strategies that take no learner, and the design of each; the first has one source, the second all, the last none.
ALONE = {"KT": (0.4, 0.35, "greedy"), "MKT": (0.38, 0.36, "greedy"), "GP": (1.1, 0.7, "random")}
INTERVALS = ["coverage", "interval_width", "interval_score"]


def environments(n: int) -> pd.DataFrame:
    """A sheet of ``n`` environments; every other one is emulated, the last has a name of 40 characters."""
    rows = []
    for i in range(n):
        network, image, cores = NETWORKS[(i // 4) % len(NETWORKS)], (128, 256)[i // 2 % 2], 2 - i % 2
        core = "all" if cores == 2 else "1core"
        name = f"{network}-{image}px-{core}" if i < n - 1 else "efficientnetb0-lite4-512px-batch16-1core"
        rows.append((name, "xeon-8481c", cores == 1, cores, "onnxruntime", network, 1, image))
    columns = ["environment", "hardware", "emulated", "cores", "engine", "network", "batch", "image_px"]
    return pd.DataFrame(rows, columns=columns)


def dataset(n: int, configurations: int = 48, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    options = pd.DataFrame({name: rng.integers(0, 3, configurations) for name in OPTIONS})
    options.insert(0, "configuration_id", [f"c{i:04d}" for i in range(configurations)])
    weights = np.array([-0.35, 0.1, 0.15, -0.2, -0.08, -0.03, -0.25, 0.01, 0.0])
    frames = []
    for _, environment in environments(n).iterrows():
        own = weights + rng.normal(0, 0.12, len(weights))
        log = (
            np.log(3 * 4 ** rng.uniform(0, 3)) + options[OPTIONS].to_numpy() @ own + rng.normal(0, 0.08, configurations)
        )
        frame = options.assign(**environment)
        frame["latency_ms"] = np.exp(log)
        frame["latency_ms_cv"] = rng.gamma(1.5, 0.02, configurations)
        frame["latency_ms_n"] = 2
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def transfer(n: int, repeats: int = 5, seed: int = 1, objective: str = "latency_ms") -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    names = environments(n)["environment"].tolist()
    hardness = dict(zip(names, rng.uniform(6, 30, n), strict=True))
    distance = {(a, b): rng.uniform(0.6, 2.5) for a in names for b in names}
    frames = []
    for strategy, (start, slope) in SHAPES.items():
        pairs = [(None, b) for b in names] if strategy == "RS" else [(a, b) for a in names for b in names if a != b]
        budgets = [0] if strategy == "DM" else BUDGETS
        index = pd.MultiIndex.from_product(
            [range(len(pairs)), LEARNERS, budgets, range(repeats)], names=["pair", "learner", "budget", "repeat"]
        )
        frame = index.to_frame(index=False)
        frame["source"] = [pairs[i][0] for i in frame["pair"]]
        frame["target"] = [pairs[i][1] for i in frame["pair"]]
        scale = np.array([hardness[b] * (1.0 if a is None else distance[a, b]) for a, b in pairs])[frame["pair"]]
        quality = frame["learner"].map(dict(zip(LEARNERS, [0.8, 2.0, 0.9, 1.0, 1.3], strict=True))).to_numpy()
        fall = (np.maximum(frame["budget"], 5) / 5) ** -slope
        frame["mape"] = start * scale * quality * fall * np.exp(rng.normal(0, 0.25, len(frame)))
        design = "guided" if strategy == "GS" else "random"
        frames.append(frame.drop(columns="pair").assign(strategy=strategy, objective=objective, design=design))
    for design, (budgets, factor) in DESIGNS.items():
        index = pd.MultiIndex.from_product(
            [names, LEARNERS, budgets, range(repeats)], names=["target", "learner", "budget", "repeat"]
        )
        frame = index.to_frame(index=False).assign(source=None, strategy="NT", objective=objective, design=design)
        fall = (frame["budget"] / 5) ** -0.62
        frame["mape"] = factor * frame["target"].map(hardness) * fall * np.exp(rng.normal(0, 0.1, len(frame)))
        frames.append(frame)
    for strategy, (start, slope, design) in ALONE.items():
        pairs = [(a, b) for a in names for b in names if a != b] if strategy == "KT" else [(None, b) for b in names]
        index = pd.MultiIndex.from_product([pairs, BUDGETS, range(repeats)], names=["pair", "budget", "repeat"])
        frame = index.to_frame(index=False)
        frame["source"], frame["target"] = frame["pair"].str[0], frame["pair"].str[1]
        fall = start * (frame["budget"] / 5) ** -slope
        frame["mape"] = frame["target"].map(hardness) * fall * np.exp(rng.normal(0, 0.2, len(frame)))
        frame["coverage"] = rng.binomial(16, 0.8 if strategy == "KT" else 0.92, len(frame)) / 16
        frame["interval_width"] = 4 * frame["mape"] * np.exp(rng.normal(0, 0.1, len(frame)))
        frame["interval_score"] = frame["interval_width"] * (1 + 4 * (1 - frame["coverage"]))
        frame = frame.drop(columns="pair").assign(strategy=strategy, objective=objective, design=design, learner=None)
        frames.append(frame)
    table = pd.concat(frames, ignore_index=True)
    table["seed"], table["n_measured"] = 0, table["budget"]
    for metric in ("mape_all", "nmse", "mae", "r2", "spearman", "regret"):
        table[metric] = table["mape"] / 100
    return table


def influence(n: int, seed: int = 2) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    pairs = [f"{a}:{b}" for i, a in enumerate(OPTIONS) for b in OPTIONS[i + 1 :]][:16]
    terms, weight = (
        OPTIONS + pairs,
        np.r_[0.4, 0.05, 0.12, 0.1, 0.06, 0.01, 0.2, 0.004, 0.002, np.geomspace(0.05, 0.001, 16)],
    )
    frames = []
    for name in environments(n)["environment"]:
        share = weight * rng.lognormal(0, 0.6, len(terms))
        share[rng.random(len(terms)) < 0.15] = np.nan
        frame = pd.DataFrame({"environment": name, "objective": "latency_ms", "term": terms})
        frame["order"] = [1 + term.count(":") for term in terms]
        frame["coefficient"] = rng.normal(size=len(terms))
        frame["share_of_variance"] = share / np.nansum(share) * 0.9
        frame["rank"] = frame["share_of_variance"].rank(ascending=False)
        frame["selected"] = frame["share_of_variance"] > 0.02
        frames.append(frame.dropna(subset="share_of_variance"))
    return pd.concat(frames, ignore_index=True)


def similarity(n: int, seed: int = 3, objective: str = "latency_ms") -> pd.DataFrame:
    """Points in a plane: the nearer, the more alike; some pairs have no influential term at all."""
    rng = np.random.default_rng(seed)
    names = environments(n)["environment"].tolist()
    places = rng.normal(0, 0.6, (n, 2))
    rows = []
    for i, j in itertools.permutations(range(n), 2):
        apart = float(np.square(places[i] - places[j]).sum())
        common = np.nan if rng.random() < 0.05 else round(6 * np.exp(-apart)) / 6
        divergence = apart * rng.uniform(0.1, 0.2)
        rows.append((names[i], names[j], 48, 1 - apart, 1 - 0.8 * apart, divergence, common, 1 - 0.9 * apart))
    columns = [
        "source", "target", "n", "pearson", "spearman", "kl_divergence", "common_terms", "influence_rank_correlation",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns).assign(objective=objective)


def ranges(dataset: pd.DataFrame, objective: str = "latency_ms") -> pd.DataFrame:
    """What is known of the environments that these rows are of."""
    return ranges_table(dataset.groupby("environment", sort=False), [objective])


def measured(dataset: pd.DataFrame, objective: str = "latency_ms") -> dict[str, pd.DataFrame]:
    """Tables of which a study with these rows has other ones than another study."""
    return {"values": by_configuration(dataset)(objective), "ranges": ranges(dataset, objective)}


def search(n: int, objective: str = "latency_ms") -> pd.DataFrame:
    """Searches of all methods in ``n`` environments: regrets that fall with the number of measurements."""
    names = list(environments(n)["environment"])
    rows = []
    for target in names:
        others = [name for name in names if name != target]
        for method, pace, repeats in (
            ("TRANSFER", 3.0, 1),
            ("SOURCE_ORDER", 2.0, 1),
            ("EI", 0.5, 2),
            ("RANDOM", 0.2, 2),
        ):
            sources = [", ".join(others), *others[:2]] if repeats == 1 and others else [""]
            for used in dict.fromkeys(sources):
                for repeat in range(repeats):
                    start = 2.0 + 0.1 * names.index(target) + 0.3 * repeat
                    regrets = [max(0.0, start / (1 + pace * step) - 0.1) for step in range(20)]
                    rows += [
                        (target, used, objective, method, repeat, step + 1, f"id{step}", 1 + regret, 1 + regret, regret)
                        for step, regret in enumerate(regrets)
                    ]
    return pd.DataFrame(rows, columns=list(SEARCH_COLUMNS))


@functools.cache
def study(n: int, repeats: int = 5) -> dict[str, pd.DataFrame]:
    """All tables of a study with ``n`` environments: the same ones each time, for who changes none."""
    return {
        "environments": environments(n),
        **measured(dataset(n)),
        "transfer": transfer(n, repeats),
        "search": search(n),
        "influence": influence(n),
        "similarity": similarity(n),
    }


def small() -> dict[str, pd.DataFrame]:
    """A study of few panels, of which every figure has something to show."""
    found = study(2)
    few = found["transfer"].query("(learner in ['NN', 'RF'] or learner.isna()) and budget in [0, 5, 20]")
    return {**found, "transfer": few}
