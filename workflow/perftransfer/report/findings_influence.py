"""Which options and interactions matter, everywhere or somewhere, and which do not."""

from __future__ import annotations

import pandas as pd

from perftransfer import objectives
from perftransfer.results.formatting import between, listed, percent
from perftransfer.results.influence import LEAST as LEAST
from perftransfer.results.influence import influential as influential
from perftransfer.results.influence import written as written

_LEAST = f"{100 * LEAST:.0f} %"

_NAMED = 5  # terms that a sentence names
_IN_ALL = {1: "In the one environment", 2: "In both environments"}


def near_nulls(rows: pd.DataFrame) -> list[str]:
    """Return the options that matter nowhere, neither by themselves nor in an interaction."""
    # What was not selected counts as well: on few rows a share can be large and yet not be trusted.
    noticed = {part for term in rows.loc[rows["share_of_variance"] >= LEAST, "term"] for part in term.split(":")}
    return sorted(term for term in rows["term"].unique() if ":" not in term and term not in noticed)


def what_matters(influence: pd.DataFrame, objective: str, scale: str) -> list[str]:
    """Say what decides the objective in all environments, in some, and what hardly does."""
    rows = influential(influence, objective)
    if rows.empty:
        return ["The influence of the options on this objective was not analysed, or nothing was found."]
    environments = rows["environment"].nunique()
    quantity = objectives.split(objective)[0]
    variable = f"the logarithm of {quantity}" if scale == "log" else quantity
    explained = rows[rows["selected"]].groupby("environment")["share_of_variance"].sum()
    explained = 100 * explained.reindex(rows["environment"].unique(), fill_value=0.0)
    share = between(percent(explained.min()), percent(explained.max()))
    said = [
        f"The options and interactions that the stepwise regression selected explain {share} of the variance of "
        f"{variable}{', by environment' if ' to ' in share else ''}."
    ]
    found = rows[rows["matters"]].groupby("term")["share_of_variance"].agg(["size", "mean", "max"])
    found = found.sort_values(["mean", "size"], ascending=False, kind="stable")
    everywhere = found[found["size"] == environments].sort_values("mean", ascending=False, kind="stable")
    somewhere = found[found["size"] < environments].sort_values("max", ascending=False, kind="stable")
    if len(everywhere):
        names = [f"{written(str(term))} ({percent(100 * row['mean'])})" for term, row in everywhere.iterrows()]
        where = _IN_ALL.get(environments, f"In all {environments} environments")
        said.append(
            f"{where} these matter (at least {_LEAST} of the variance; {'mean ' if environments > 1 else ''}share): "
            f"{listed(names, _NAMED)}."
        )
    elif environments > 1:
        said.append(f"No option or interaction reaches {_LEAST} of the variance in every environment.")
    if len(somewhere):
        names = [
            f"{written(str(term))} (in {int(row['size'])}, up to {percent(100 * row['max'])})"
            for term, row in somewhere.iterrows()
        ]
        said.append(f"Only in some of the environments: {listed(names, _NAMED)}.")
    return [*said, *_nulls(rows)]


def _nulls(rows: pd.DataFrame) -> list[str]:
    nulls = near_nulls(rows)
    if nulls:
        return [
            f"{listed(nulls)} hardly matter{'s' if len(nulls) == 1 else ''}: below {_LEAST} of the variance in every "
            "environment, and no interaction that reaches it was found."
        ]
    return [
        f"No option is without influence: each reaches {_LEAST} of the variance somewhere, alone or in an interaction."
    ]


def in_short(influence: pd.DataFrame, objective: str) -> list[str]:
    """Name the term that matters most and the options that hardly do."""
    rows = influential(influence, objective)
    if not rows["matters"].any():
        return []
    n = rows["environment"].nunique()
    # A term that an environment's model does without counts there as nothing.
    mean = rows[rows["selected"]].groupby("term")["share_of_variance"].sum() / n
    share = f"{percent(100 * float(mean.max()))} of the variance{', the mean over environments' if n > 1 else ''}"
    text = f"What matters most is {written(str(mean.idxmax()))} ({share})"
    nulls = near_nulls(rows)
    return [f"{text}; {listed(nulls)} hardly matter{'s' if len(nulls) == 1 else ''}." if nulls else f"{text}."]
