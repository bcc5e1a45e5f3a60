"""Which options and interactions decide the objective, across environments."""

from __future__ import annotations

from typing import Any

from perftransfer import objectives
from perftransfer.figures import _terms, _vega
from perftransfer.figures._lazy import mpl
from perftransfer.figures._terms import Terms
from perftransfer.figures.interface import Figure, Inputs
from perftransfer.results.influence import by_mean_share, written

TERMS = 60  # shown at most in the interactive figure
KINDS = (("", "options and interactions"), ("option", "options only"), ("interaction", "interactions only"))


class Influence(Figure[Terms]):
    """Heat maps of shares of variance, terms by environments."""

    title = "Influence of options and interactions"
    caption = (
        "Share of the objective's variance (in percent) that each option (upper part) and each interaction of two "
        "options (lower part) explains, per environment; darker is more, and the colour scale is stretched where "
        "shares are small. Terms with the largest mean share over the environments are shown, largest first. A row of "
        "even colour is an influence that carries over from one environment to another, a row of changing colour one "
        "that does not. Hatched: the term is not in that environment's model."
    )
    inputs = ("environments", "influence")
    section = "influence"

    def select(self, inputs: Inputs, objective: str) -> Terms:
        """Return the shares by term and environment."""
        return Terms.of(inputs, objective)

    def draw(self, data: Terms) -> mpl.Figure:
        """Draw a panel for options, and one for interactions."""
        from matplotlib.colors import PowerNorm

        names, parts = data.environments, data.strongest
        annotated = len(names) <= mpl.ANNOTATED
        wide, high = (0.6, 0.2) if annotated else (0.3, 0.18)
        columns = names.labels(lines=2)
        left = max(mpl.width_of(label) for part in parts.values() for label in _terms.labels(part))
        title = self.heading(data.objective)
        rows = [len(part) for part in parts.values()]
        figure = mpl.new(
            max(left + wide * len(names) + 1.2, mpl.width_of(title, 9) + 1.8),
            sum(high * n + 0.3 for n in rows) + max(map(mpl.width_of, columns)) + 0.9,
            title,
        )
        grid = figure.subplots(len(parts), 1, squeeze=False, sharex=True, height_ratios=rows)[:, 0]
        norm = PowerNorm(0.5, 0, max(float(part.max().max()) for part in parts.values()) or 1)
        write = number if annotated else None
        for axes, (order, part) in zip(grid, parts.items(), strict=True):
            mesh = mpl.heatmap(axes, part.to_numpy(), norm, _terms.labels(part), columns, write)
            axes.set_title(_terms.heading(order), fontweight="bold")
        grid[-1].set_xlabel("environment")
        bar = figure.colorbar(mesh, ax=list(grid), shrink=0.6, aspect=25, label="share of variance explained (%)")
        bar.outline.set_visible(False)
        mpl.note(figure, names.note, data.note)
        return figure

    def interactive(self, data: Terms) -> _vega.Interactive:
        """Return a heat map of the kind of terms that the reader chooses."""
        labels = data.environments.labels_by_name()
        names = _vega.some_of_environments(data.environments.names)
        rows = data.rows[data.rows["environment"].isin(names)]
        order = by_mean_share(rows, names).index.get_level_values("term")
        terms = list(map(str, order[:TERMS]))
        rows = rows[rows["term"].isin(terms)]
        columns: dict[str, list[Any]] = {
            "environment": [labels[name] for name in rows["environment"]],
            "term": [written(term) for term in rows["term"]],
            "kind": ["interaction" if ":" in term else "option" for term in rows["term"]],
            "share": [round(100 * float(value), 2) for value in rows["share_of_variance"]],
            "matters": ["yes" if value else "no" for value in rows["matters"]],
        }
        kinds = [kind for kind in KINDS if kind[0] == "" or kind[0] in columns["kind"]]
        caption = [
            "Share of the variance (in percent) that a term explains in an environment, strongest terms first; the "
            "colour scale is stretched where shares are small. A row of even colour carries over from one environment "
            "to another. Without colour: the term is not in that environment's model.",
            _terms.fewer(len(terms), len(order)),
            data.environments.note,
        ]
        return _vega.Interactive(
            title=self.heading(data.objective),
            caption=" ".join(filter(None, caption)) + _vega.some_of(len(names), len(labels), "environments"),
            description=f"Heat map: share of variance by term and environment, {objectives.label(data.objective)}.",
            content=_chart([labels[name] for name in names], [written(term) for term in terms], len(kinds) > 2),
            columns=columns,
            controls=[_vega.Choice("kind", "Terms", kinds)] if len(kinds) > 2 else [],
        )


def number(share: float) -> str:
    """Return a share in percent, "<1" for what is hardly there."""
    return "<1" if share < 0.95 else f"{share:.0f}"


def _chart(environments: list[str], terms: list[str], with_kinds: bool) -> _vega.Spec:
    titles = {"term": "term", "environment": "environment", "share": "share of variance (%)"}
    return {
        "transform": [{"filter": "kind === '' || datum.kind === kind"}] if with_kinds else [],
        **_vega.heat_map(
            rows={"field": "term", "title": None, "sort": terms},
            columns={"field": "environment", "title": "environment", "sort": environments},
            colour={
                "field": "share",
                "title": "share of variance (%)",
                "scale": {"type": "pow", "exponent": 0.5, "domainMin": 0},
            },
            tooltip=_vega.tooltip({**titles, "matters": "counts as influential"}),
        ),
    }
