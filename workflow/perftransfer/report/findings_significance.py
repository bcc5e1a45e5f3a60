"""Which differences are more than chance, and where nothing can be."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from perftransfer.results.formatting import count, listed, number

#: Families of ways to transfer that are compared with each other, and their names in sentences.
FAMILIES: Mapping[str, str] = {"strategies": "strategies", "designs": "designs without transfer"}


def of_family(significance: pd.DataFrame, objective: str, family: str) -> list[str]:
    """Say how many differences are significant at the budgets shown, or that there are too few targets for any.

    significance: as the summary of that name shows it, the mean over learners.
    """
    rows = significance[(significance["objective"] == objective) & (significance["family"] == family)]
    rows = rows[rows["targets"] > 0]
    if rows.empty:
        return []
    pairs = count(int(rows["comparisons"].max()), "pair")
    if not rows["can_be_significant"].any():
        return [
            f"With {count(int(rows['targets'].max()), 'target')} no difference between {FAMILIES[family]} can be "
            f"significant, however large: the smallest p that the signed-rank test can give is "
            f"{number(float(rows['smallest_p'].min()), 3)}, and the correction for {pairs} raises it further."
        ]
    parts = []
    for budget, group in rows.groupby("budget"):
        found = group[group["significant"].astype(bool)]
        parts.append(f"{len(found) or 'none'} of {len(group)} with {budget}")
    return [
        f"Significant at 5 % are, of the differences between pairs of {FAMILIES[family]}, {listed(parts)} measurements "
        f"(Wilcoxon's signed-rank test over targets, Holm's correction for {pairs})."
    ]
