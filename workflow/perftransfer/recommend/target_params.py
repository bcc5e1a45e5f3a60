"""Parameters of the jobs that measure a target.

Apart from the others: what models a target does not depend on the code that measures.
"""

from __future__ import annotations

from dataclasses import dataclass

from perftransfer.measuring.bench import MeasureParams
from perftransfer.recommend.params import ModelParams


@dataclass(frozen=True)
class ConfirmParams:
    """How what is recommended is measured again; no digest of code, so that no edit measures again.

    measuring: with as many processes as each configuration gets. max_repeats: processes of those that cannot be told
    apart. tolerance: difference, as a fraction, that does not matter.
    """

    measuring: MeasureParams
    max_repeats: int
    tolerance: float


@dataclass(frozen=True)
class TargetParams:
    """How a target is planned and measured; no digest of code, so that no edit measures again.

    budget: configurations to measure. batch: how many a search or an active design proposes before it looks at their
    values. tolerance: regret, as a fraction, at which a search stops before; None: only at its budget.
    """

    measuring: MeasureParams
    budget: int
    batch: int
    tolerance: float | None
    model: ModelParams
