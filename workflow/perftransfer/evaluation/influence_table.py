"""influence.parquet: which options and interactions matter in each environment."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from perftransfer import influence
from perftransfer.evaluation.pool import Pool, has_values
from perftransfer.scales import SCALES
from perftransfer.space import terms
from perftransfer.space.options import Option

COLUMNS = ("environment", "objective", "term", "order", "coefficient", "share_of_variance", "rank", "selected")


def influence_table(
    dataset: pd.DataFrame,
    environments: Sequence[str],
    objectives: Sequence[str],
    options: Sequence[Option],
    *,
    scale: str,
    criterion: str,
    order: int,
) -> pd.DataFrame:
    """One row per (environment, objective, term), by rank; ``share_of_variance`` (0 to 1) is on the scale of learning.

    criterion, order: see ``influence.analyse``.

    Options that the stepwise regression did not select are there as well (``selected`` is false), with what they would
    have added.
    """
    rows = []
    for environment in environments:
        for objective in objectives:
            if not has_values(dataset, environment, objective):
                continue
            pool = Pool.from_dataset(dataset, environment, objective, options)
            for item in influence.analyse(pool.codes, options, SCALES[scale].forward(pool.y), criterion, order):
                rows.append(
                    {
                        "environment": environment,
                        "objective": objective,
                        "term": terms.name(item.term),
                        "order": len(item.term),
                        "coefficient": item.coefficient,
                        "share_of_variance": item.share_of_variance,
                        "rank": item.rank,
                        "selected": item.selected,
                    }
                )
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"coefficient": "float64", "share_of_variance": "float64"})
