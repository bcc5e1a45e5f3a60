"""Which options and interactions matter everywhere, and which in some environments only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from perftransfer.figures import _palette, _terms
from perftransfer.figures._environments import Environments
from perftransfer.figures._lazy import mpl
from perftransfer.figures._terms import Terms
from perftransfer.figures.interface import Figure, Inputs
from perftransfer.lazy import np, pd

ROW = 0.19  # inches
STRIP, BAR = 3.6, 1.0  # inches that the two parts are wide
NAMED = 2  # environments that are named if a term is selected in no more
TICKS = (0, 1, 5, 10, 20, 40, 60, 80, 100)  # percent
COLOUR = _palette.KNOWN["LMS"].colour
OPEN = {"markerfacecolor": "white", "markeredgecolor": COLOUR, "markeredgewidth": 0.7}


@dataclass(frozen=True, eq=False)
class Stability:
    """What is drawn.

    Parameters
    ----------
    parts
        Shares of variance (percent) by order, terms x environments, those on top that are selected
        most often.
    selected
        Whether a term is selected, terms x environments.
    """

    terms: Terms
    parts: Mapping[int, pd.DataFrame]
    selected: pd.DataFrame


class InfluenceStability(Figure[Stability]):
    """Shares of variance as dots, and in how many environments a term is selected."""

    title = "Stability of influences"
    caption = (
        "Left: share of the objective's variance (in percent) that an option (upper part) or an interaction of options "
        "explains, a dot per environment, filled where stepwise regression selects the term, open where it does "
        "not (what the term would add); the tick is the mean over all environments, and the scale is stretched where "
        "shares are small. Right: in how many environments the term is selected; where these are one or two, their "
        "names. Terms with the largest mean share are shown, those on top that are selected in most environments: an "
        "influence that carries over has dots close together and a full bar, one of a few environments a short bar."
    )
    inputs = ("environments", "influence")
    section = "influence"
    several = True

    def select(self, inputs: Inputs, objective: str) -> Stability:
        """Return shares and whether they are selected, by term and environment."""
        terms = Terms.of(inputs, objective)
        # What a table does not say is not drawn as selected.
        marks = inputs["influence"].reindex(columns=["selected"]).loc[terms.rows.index, "selected"]
        rows = terms.rows.assign(selected=marks.astype("boolean").fillna(False).astype(bool))
        selected = rows.pivot_table("selected", "term", "environment", aggfunc="max")
        selected = selected.reindex(columns=terms.environments.names).astype("boolean").fillna(False).astype(bool)
        return Stability(terms, {n: steadiest(part, selected) for n, part in terms.strongest.items()}, selected)

    def draw(self, data: Stability) -> mpl.Figure:
        """Draw dots at the left and bars at the right."""
        names, parts = data.terms.environments, data.parts
        texts = {
            order: [counted(data.selected.loc[term], names) for term in part.index] for order, part in parts.items()
        }
        left = max(mpl.width_of(label) for part in parts.values() for label in _terms.labels(part))
        right = max(mpl.width_of(text) for part in texts.values() for text in part)
        rows = [len(part) for part in parts.values()]
        high = sum(ROW * n + 0.3 for n in rows) + 1.2
        figure = mpl.new(left + STRIP + BAR + right + 0.6, high, self.heading(data.terms.objective))
        grid = figure.subplots(
            len(parts), 2, squeeze=False, sharex="col", sharey="row", height_ratios=rows, width_ratios=[STRIP, BAR]
        )
        for (strip, bars), (order, part) in zip(grid, parts.items(), strict=True):
            selected = data.selected.loc[part.index].to_numpy()
            strip.set_title(_terms.heading(order), fontweight="bold")
            mpl.row_labels(strip, _terms.labels(part))
            shares(strip, part.to_numpy(dtype=float), selected)
            counts(bars, selected.sum(axis=1), len(names), texts[order])
        scale(grid[-1, 0], max(float(part.max().max()) for part in parts.values()))
        grid[0, 1].set_title("selected in", fontweight="bold")
        grid[-1, 0].set_xlabel("share of variance explained (%)")
        legend(grid[0, 0])
        mpl.note(figure, names.counted("Environments"), names.note, data.terms.note)
        return figure


def steadiest(shares: pd.DataFrame, selected: pd.DataFrame) -> pd.DataFrame:
    """Sort terms by the number of environments that select them, then by their mean share, as they come."""
    order = selected.loc[shares.index].sum(axis="columns").sort_values(ascending=False, kind="stable")
    return shares.loc[order.index]


def counted(selected: pd.Series, names: Environments) -> str:
    """Return the text next to a term's bar: "3 of 8", and the names of the environments if these are few."""
    n = int(selected.sum())
    labels = [label for label, mark in zip(names.descriptions(), selected, strict=True) if mark]
    few = 0 < n <= NAMED < len(names)
    return f"{n} of {len(names)}" + (f": {', '.join(labels)}" if few else "")


def shares(axes: mpl.Axes, percent: np.ndarray, selected: np.ndarray) -> None:
    """Draw a dot per environment and the mean in each term's row."""
    axes.grid(axis="both")
    axes.tick_params(axis="y", length=0)
    size, opacity = (4.0, 0.75) if percent.shape[1] <= 12 else (3.2, 0.45)
    # A share of nearly nothing lies on the axis: half of its dot would be cut away.
    dot: dict[str, Any] = {"linestyle": "", "marker": "o", "markersize": size, "clip_on": False}
    full: dict[str, Any] = {"color": COLOUR, "alpha": opacity, "markeredgewidth": 0}
    for which, look in ((~selected, OPEN), (selected, full)):
        row, column = np.nonzero(np.isfinite(percent) & which)
        # Dots that are not cut and are none at all would take part in the layout, at the figure's corner.
        if len(row):
            axes.plot(percent[row, column], row + 0.5, **dot, **look)
    rows = np.arange(len(percent))
    axes.vlines(np.nan_to_num(percent).mean(axis=1), rows + 0.15, rows + 0.85, color="black", linewidth=1.2)


def counts(axes: mpl.Axes, count: np.ndarray, total: int, texts: list[str]) -> None:
    """Draw in how many of the environments each term is selected, as a bar and in words."""
    y = np.arange(len(count)) + 0.5
    axes.barh(y, total, height=0.6, color=mpl.FAINT)
    axes.barh(y, count, height=0.6, color=COLOUR)
    axes.set_xlim(0, total)
    axes.set_axis_off()
    for row, text in zip(y, texts, strict=True):
        axes.text(total * 1.06, row, text, va="center", fontsize=mpl.SMALL)


def scale(axes: mpl.Axes, highest: float) -> None:
    """Make the x axis one of square roots, from 0 to somewhat above ``highest`` percent."""
    axes.set_xscale("function", functions=(lambda x: np.sqrt(np.maximum(x, 0)), np.square))
    axes.set_xlim(0, min(100.0, highest * 1.1) or 1)
    axes.set_xticks([tick for tick in TICKS if tick <= axes.get_xlim()[1]])


def legend(axes: mpl.Axes) -> None:
    """Explain dots and ticks above the axes."""
    dot, tick = _palette.Style(COLOUR, "o", "-"), _palette.Style("black", "|", "-")
    handles = [
        *mpl.handles({"selected": dot}, linestyle="", markersize=4),
        *mpl.handles({"not selected": dot}, linestyle="", markersize=4, markerfacecolor="white", markeredgewidth=0.7),
        *mpl.handles({"mean": tick}, linestyle="", markersize=8, markeredgewidth=1.2),
    ]
    axes.legend(
        handles=handles, loc="lower right", bbox_to_anchor=(1, 1), ncols=3, fontsize=mpl.SMALL, handlelength=0.8,
        handletextpad=0.4, columnspacing=1.2, borderpad=0, borderaxespad=0.5,
    )  # fmt: skip
