"""Which options and interactions decide the objective, across environments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perftransfer import objectives
from perftransfer.figures import _terms, _vega
from perftransfer.figures._lazy import mpl
from perftransfer.figures.interface import Figure, Inputs, NothingToShow

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure as Still

    from perftransfer.figures._environments import Environments

TERMS = 60  # shown at most in the interactive figure
KINDS = (("", "options and interactions"), ("option", "options only"), ("interaction", "interactions only"))


@dataclass(frozen=True, eq=False)
class Influences:
    """What is drawn.

    Parameters
    ----------
    rows
        Rows of the table of influence with a share, see ``_terms.influential``.
    shares
        Shares of variance, terms x environments, the largest mean share first, indexed by order and
        term.
    """

    objective: str
    rows: pd.DataFrame
    shares: pd.DataFrame
    environments: Environments


class Influence(Figure[Influences]):
    """Heat maps of shares of variance, terms by environments."""

    title = "Influence of options and interactions"
    caption = (
        "Share of the objective's variance (in percent) that each option (upper part) and each interaction of two "
        "options (lower part) explains, per environment; darker is more, and the scale is stretched where shares are "
        "small. Shown are the terms with the largest mean share over the environments, largest first. A row of even "
        "colour is an influence that carries over from one environment to another, a row of changing colour one that "
        "does not. Hatched: the term is not in that environment's model."
    )
    inputs = ("environments", "influence")
    section = "influence"

    def select(self, inputs: Inputs, objective: str) -> Influences:
        """Return the shares by term and environment."""
        from perftransfer.figures._environments import Environments

        rows = _terms.influential(inputs["influence"], objective)
        if rows.empty:
            raise NothingToShow(f"no influences of options on {objective} were found")
        names = Environments(inputs["environments"], rows["environment"])
        return Influences(objective, rows, _terms.by_mean_share(rows, names.names), names)

    def draw(self, data: Influences) -> Still:
        """Draw a panel for options, and one for interactions."""
        from matplotlib.colors import PowerNorm

        names, parts = data.environments, _terms.strongest(data.shares)
        terms = {order: _terms.labels(part) for order, part in parts.items()}
        annotated = len(names) <= mpl.ANNOTATED
        wide, high = (0.6, 0.2) if annotated else (0.3, 0.18)
        columns = names.labels(lines=2)
        left = max(mpl.width_of(term) for part in terms.values() for term in part)
        title = self.heading(data.objective)
        rows = [len(part) for part in parts.values()]
        figure = mpl.new(
            max(left + wide * len(names) + 1.2, mpl.width_of(title, 9) + 1.8),
            sum(high * n + 0.3 for n in rows) + max(map(mpl.width_of, columns)) + 0.9,
            title,
        )
        grid = figure.subplots(len(parts), 1, squeeze=False, sharex=True, height_ratios=rows)[:, 0]
        norm = PowerNorm(0.5, 0, 100 * max(float(part.max().max()) for part in parts.values()) or 1)
        for axes, (order, part) in zip(grid, parts.items(), strict=True):
            mesh = mpl.heatmap(axes, 100 * part.to_numpy(), norm, terms[order], columns, number if annotated else None)
            axes.set_title(_terms.heading(order), fontweight="bold")
        grid[-1].set_xlabel("environment")
        bar = figure.colorbar(mesh, ax=list(grid), shrink=0.6, aspect=25, label="share of variance explained (%)")
        bar.outline.set_visible(False)
        mpl.note(figure, names.note, _terms.fewer(sum(rows), len(data.shares)))
        return figure

    def interactive(self, data: Influences) -> _vega.Interactive:
        """Return a heat map of the kind of terms that the reader chooses."""
        shown = _vega.some_of_environments(data.environments.names)
        labels = dict(zip(data.environments.names, data.environments.labels(), strict=True))
        shares = data.shares[shown]
        if len(shown) < len(labels):
            shares = _terms.by_mean_share(data.rows[data.rows["environment"].isin(shown)], shown)
        terms = [str(term) for term in shares.index.get_level_values("term")][:TERMS]
        rows = data.rows[data.rows["environment"].isin(shown) & data.rows["term"].isin(terms)]
        columns: dict[str, list[Any]] = {
            "environment": [labels[name] for name in rows["environment"]],
            "term": [_terms.label(term) for term in rows["term"]],
            "kind": ["interaction" if ":" in term else "option" for term in rows["term"]],
            "share": [round(100 * float(value), 2) for value in rows["share_of_variance"]],
            "matters": ["yes" if value else "no" for value in rows["matters"]],
        }
        kinds = [kind for kind in KINDS if kind[0] == "" or kind[0] in columns["kind"]]
        said = [
            "Share of the variance (in percent) that a term explains in an environment, strongest terms first; the "
            "scale is stretched where shares are small. A row of even colour carries over from one environment to "
            "another. Without colour: the term is not in that environment's model.",
            _terms.fewer(len(terms), len(shares)),
            data.environments.note,
        ]
        return _vega.Interactive(
            title=self.heading(data.objective),
            caption=" ".join(filter(None, said)) + _vega.some_of(len(shown), len(labels), "environments"),
            chart=_vega.chart(
                f"Heat map: share of variance by term and environment, {objectives.label(data.objective)}.",
                _chart([labels[name] for name in shown], [_terms.label(term) for term in terms]),
            ),
            columns=columns,
            controls=[_vega.Choice("kind", "Terms", kinds)] if len(kinds) > 2 else [],
        )


def number(share: float) -> str:
    """Return a share in percent, "<1" for what is hardly there."""
    return "<1" if share < 0.95 else f"{share:.0f}"


def _chart(environments: list[str], terms: list[str]) -> _vega.Spec:
    return {
        "params": [{"name": "kind", "value": ""}],
        "transform": [{"filter": "kind === '' || datum.kind === kind"}],
        **_vega.heat_map(
            rows={"field": "term", "title": None, "sort": terms},
            columns={"field": "environment", "title": "environment", "sort": environments},
            colour={
                "field": "share",
                "title": "share of variance (%)",
                "scale": {"type": "pow", "exponent": 0.5, "range": list(_vega.SHADES), "domainMin": 0, "nice": False},
            },
            tooltip=[
                {"field": "term", "title": "term"},
                {"field": "environment", "title": "environment"},
                {"field": "share", "title": "share of variance (%)", "type": "quantitative"},
                {"field": "matters", "title": "counts as influential"},
            ],
        ),
    }
