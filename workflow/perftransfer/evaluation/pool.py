"""The pool of a target: measured configurations, split into those that designs may choose and those held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from perftransfer.errors import UserError
from perftransfer.fitting.fit import Sample
from perftransfer.fitting.seeds import seed_for
from perftransfer.space.encoding import codes
from perftransfer.space.options import Option

# One to hold out, and the two that a line takes.
_MIN_ROWS = 3


def has_values(dataset: pd.DataFrame, environment: str, objective: str) -> bool:
    """Whether an objective was measured in an environment: published tables may lack it."""
    return bool(dataset.loc[dataset["environment"] == environment, objective].notna().any())


@dataclass(frozen=True, eq=False)
class Pool(Sample):
    """Configurations measured in an environment, of which an evaluation takes samples.

    Rows are sorted by ``configuration_id``, so that they do not depend on the order of measuring.
    """

    environment: str

    @classmethod
    def from_dataset(cls, dataset: pd.DataFrame, environment: str, objective: str, options: Sequence[Option]) -> Pool:
        """Take an environment's rows in which the objective was measured.

        Raises UserError if they are too few to hold some out and learn from the others, or if a value is not positive:
        percentage errors and logarithms need more than 0.
        """
        rows = dataset[(dataset["environment"] == environment) & dataset[objective].notna()]
        rows = rows.sort_values("configuration_id")
        if len(rows) < _MIN_ROWS:
            raise UserError(
                f"environment {environment}: {objective} was measured for {len(rows)} configurations; at least "
                f"{_MIN_ROWS} are needed to learn from and to test on"
            )
        y = rows[objective].to_numpy(dtype=float)
        if not (np.isfinite(y) & (y > 0)).all():
            worst = int(np.argmin(np.isfinite(y) & (y > 0)))
            raise UserError(
                f"environment {environment}: {objective} of configuration {rows['configuration_id'].iloc[worst]} is "
                f"{y[worst]:g}; expected a finite number above 0"
            )
        spread = rows.reindex(columns=[f"{objective}_cv", f"{objective}_n"]).to_numpy(dtype=float, na_value=np.nan)
        cv, n = spread.T
        return cls(codes(rows, options), y, cv, n, environment)


@dataclass(frozen=True)
class Split:
    """Positions in the pool: ``test`` is held out; ``candidates`` are in the random order of this repeat."""

    test: np.ndarray
    candidates: np.ndarray


def split(n: int, seed: int, target: str, repeat: int) -> Split:
    """Hold out a random third of the ``n`` rows: the same for all strategies, designs, learners and budgets.

    The order of the other two thirds is a random sample for every budget: the first 5 of 10 are the sample of 5.
    """
    order = np.random.default_rng(seed_for(seed, "split", target, repeat)).permutation(n)
    held_out = max(1, n // 3)
    return Split(np.sort(order[:held_out]), order[held_out:])
