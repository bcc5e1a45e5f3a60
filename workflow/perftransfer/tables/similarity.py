"""How alike the environments are."""

from __future__ import annotations

from perftransfer.lazy import pd
from perftransfer.tables.interface import CsvTable, Inputs

_KEY = ["objective", "target"]
_SHOWN = ["similarity", "source", "n", "pearson", "spearman", "kl_divergence", "common_terms"]


class Similarity(CsvTable):
    """How alike the environments are."""

    title = "Similarity of environments"
    caption = (
        "The most and the least similar source of each target; all pairs are in tables/similarity.csv. Pearson's and "
        "Spearman's correlation are over the n configurations measured in both. The Kullback-Leibler divergence, in "
        "nats, is that of the source's distribution from the target's, both standardised on the scale of learning: 0 "
        "if a linear shift makes them equal. Common terms are the options and interactions that stepwise regression "
        "selects in both environments, as a share of those that it selects in either. After Jamshidi et al., ASE "
        "2017."
    )
    inputs = ("similarity",)

    def compute(self, inputs: Inputs) -> pd.DataFrame:
        """Return one row per (objective, source, target); see ``evaluation.similarity``."""
        return inputs["similarity"].reset_index(drop=True)

    def for_report(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return for each target the sources with the highest and the lowest rank correlation, where there is one.

        ``similarity`` says which: "most" or "least"; a target with a single source has the one row "most".
        """
        order = frame[frame["spearman"].notna()].sort_values("spearman", ascending=False, kind="stable")
        most, least = order.drop_duplicates(_KEY), order.drop_duplicates(_KEY, keep="last")
        least = least[~least.index.isin(most.index)]
        both = pd.concat([most.assign(similarity="most"), least.assign(similarity="least")], ignore_index=True)
        # In the order of the study, in which the table has the sources.
        positions = {name: i for i, name in enumerate(frame["source"].unique())}
        both["position"] = both["target"].map(positions)
        return both.sort_values(["objective", "position"], kind="stable", ignore_index=True)[[*_KEY, *_SHOWN]]
