"""Which terms matter in which environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from perftransfer import objectives
from perftransfer.report.findings_influence import influential, written
from perftransfer.report.interactive import (
    ENVIRONMENTS,
    SHADES,
    Choice,
    Interactive,
    axis_labels,
    chart,
    heat_map,
    short_mark,
    some_of,
)

TERMS = 60
_KINDS = (("", "options and interactions"), ("option", "options only"), ("interaction", "interactions only"))


def figure(
    influence: pd.DataFrame, objective: str, labels: Mapping[str, str], order: Sequence[str]
) -> Interactive | None:
    """Return the figure; None if nothing is known of influences."""
    rows = influential(influence, objective)
    present = set(rows["environment"])
    found = [name for name in order if name in present]
    if not found:
        return None
    places = np.linspace(0, len(found) - 1, min(len(found), ENVIRONMENTS)).round().astype(int)
    shown = [found[i] for i in places]
    rows = rows[rows["environment"].isin(shown)]
    # A term that an environment's model does without counts there as nothing.
    means = (rows.groupby("term")["share_of_variance"].sum() / len(shown)).sort_values(ascending=False, kind="stable")
    terms = [str(term) for term in means.index[:TERMS]]
    rows = rows[rows["term"].isin(terms)]
    named = axis_labels(labels, shown)
    columns: dict[str, list[Any]] = {
        "environment": [named[name] for name in rows["environment"]],
        "term": [written(term) for term in rows["term"]],
        "kind": ["interaction" if ":" in term else "option" for term in rows["term"]],
        "share": [round(100 * float(value), 2) for value in rows["share_of_variance"]],
        "matters": ["yes" if value else "no" for value in rows["matters"]],
    }
    fewer = "" if len(terms) == len(means) else f" Shown are the {len(terms)} strongest of {len(means):,} terms."
    kinds = [kind for kind in _KINDS if kind[0] == "" or kind[0] in columns["kind"]]
    return Interactive(
        name=f"{objective}-interactive-influence",
        section="influence",
        title=f"Influence of options and interactions: {objectives.label(objective)}",
        caption=(
            "Share of the variance (in percent) that a term explains in an environment, strongest terms first; the "
            "scale is stretched where shares are small. A row of even colour carries over from one environment to "
            "another. Without colour: the term is not in that environment's model."
            + fewer
            + short_mark(list(named.values()))
            + some_of(len(shown), len(found), "environments")
        ),
        chart=chart(
            f"Heat map: share of variance by term and environment, {objectives.label(objective)}.",
            _chart([named[name] for name in shown], [written(term) for term in terms]),
        ),
        columns=columns,
        controls=[Choice("kind", "Terms", kinds)] if len(kinds) > 2 else [],
        still=["influence"],
    )


def _chart(environments: list[str], terms: list[str]) -> dict[str, Any]:
    return {
        "params": [{"name": "kind", "value": ""}],
        "transform": [{"filter": "kind === '' || datum.kind === kind"}],
        **heat_map(
            rows={"field": "term", "title": None, "sort": terms},
            columns={"field": "environment", "title": "environment", "sort": environments},
            colour={
                "field": "share",
                "title": "share of variance (%)",
                "scale": {"type": "pow", "exponent": 0.5, "range": list(SHADES), "domainMin": 0, "nice": False},
            },
            tooltip=[
                {"field": "term", "title": "term"},
                {"field": "environment", "title": "environment"},
                {"field": "share", "title": "share of variance (%)", "type": "quantitative"},
                {"field": "matters", "title": "counts as influential"},
            ],
        ),
    }
