"""Which options and interactions matter everywhere, and which in some environments only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perftransfer.figures import _palette, _terms
from perftransfer.figures._lazy import mpl, np
from perftransfer.figures.interface import Figure, Inputs, NothingToShow

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Still

    from perftransfer.figures._environments import Environments

ROW = 0.19  # inches
STRIP, BAR = 3.6, 1.0  # inches that the two parts are wide
NAMED = 2  # environments that are named if a term is selected in no more
TICKS = (0, 1, 5, 10, 20, 40, 60, 80, 100)  # percent


@dataclass(frozen=True, eq=False)
class Stability:
    """What is drawn.

    Parameters
    ----------
    parts
        Shares of variance by order, terms x environments, those on top that are selected most often.
    selected
        Whether a term is selected, terms x environments.
    n_terms
        Number of terms, those that are not shown included.
    """

    objective: str
    parts: Mapping[int, pd.DataFrame]
    selected: pd.DataFrame
    environments: Environments
    n_terms: int


class InfluenceStability(Figure[Stability]):
    """Shares of variance as dots, and in how many environments a term is selected."""

    title = "Stability of influences"
    caption = (
        "Left: share of the objective's variance (in percent) that an option (upper part) or an interaction of options "
        "explains, a dot per environment, filled where stepwise regression selects the term there, open where it does "
        "not (what the term would add); the tick is the mean over all environments, and the scale is stretched where "
        "shares are small. Right: in how many environments the term is selected; where these are one or two, their "
        "names. Terms with the largest mean share are shown, those on top that are selected in most environments: dots "
        "close together and a full bar are an influence that carries over, a short bar is one that belongs to some "
        "environments."
    )
    inputs = ("environments", "influence")
    section = "influence"
    several = True

    def select(self, inputs: Inputs, objective: str) -> Stability:
        """Return shares and whether they are selected, by term and environment."""
        from perftransfer.figures._environments import Environments

        columns = ["environment", "objective", "term", "order", "share_of_variance", "selected"]
        rows = inputs["influence"].reindex(columns=columns)
        rows = rows[(rows["objective"] == objective) & rows["share_of_variance"].notna()]
        if rows.empty:
            raise NothingToShow(f"no influences of options on {objective} were found")
        names = Environments(inputs["environments"], rows["environment"])
        chosen = selected(rows, names.names)
        parts = _terms.strongest(_terms.by_mean_share(rows, names.names))
        parts = {order: steadiest(part, chosen) for order, part in parts.items()}
        return Stability(objective, parts, chosen, names, rows["term"].nunique())

    def draw(self, data: Stability) -> Still:
        """Draw dots at the left and bars at the right."""
        names, parts, chosen = data.environments, data.parts, data.selected
        where = {term: counted(chosen.loc[term], names) for part in parts.values() for term in part.index}
        left = max(mpl.width_of(label) for part in parts.values() for label in _terms.labels(part))
        right = max(map(mpl.width_of, where.values()))
        rows = [len(part) for part in parts.values()]
        high = sum(ROW * n + 0.3 for n in rows) + 1.2
        figure = mpl.new(left + STRIP + BAR + right + 0.6, high, self.heading(data.objective))
        grid = figure.subplots(
            len(parts), 2, squeeze=False, sharex="col", sharey="row", height_ratios=rows, width_ratios=[STRIP, BAR]
        )
        for (strip, bars), (order, part) in zip(grid, parts.items(), strict=True):
            strip.set_title(_terms.heading(order), fontweight="bold")
            strip.set_yticks(np.arange(len(part)) + 0.5, _terms.labels(part))
            strip.set_ylim(len(part), 0)
            shares(strip, 100 * part, chosen.loc[part.index])
            counts(
                bars, chosen.loc[part.index].sum(axis="columns").to_numpy(), len(names), [where[t] for t in part.index]
            )
        scale(grid[-1, 0], 100 * max(float(part.max().max()) for part in parts.values()))
        grid[0, 1].set_title("selected in", fontweight="bold")
        grid[-1, 0].set_xlabel("share of variance explained (%)")
        legend(grid[0, 0])
        emulated = f", of which {len(names.emulated)} emulated on the same machine" if names.emulated else ""
        mpl.note(figure, f"Environments: {len(names)}{emulated}.", names.note, _terms.fewer(sum(rows), data.n_terms))
        return figure


def selected(rows: pd.DataFrame, environments: list[str]) -> pd.DataFrame:
    """Return whether each term is selected, as terms x environments."""
    marks = rows.assign(selected=rows["selected"].astype("boolean").fillna(False).astype(bool))
    table = marks.pivot_table(index="term", columns="environment", values="selected", aggfunc="max")
    return table.reindex(columns=environments).astype("boolean").fillna(False).astype(bool)


def steadiest(shares: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """Sort terms by the number of environments that select them, then by their mean share, as they come."""
    order = chosen.loc[shares.index].sum(axis="columns").sort_values(ascending=False, kind="stable")
    return shares.loc[order.index]


def counted(chosen: pd.Series, names: Environments) -> str:
    """Return what stands beside a term's bar: "3 of 8", and the names of the environments if these are few."""
    count = int(chosen.sum())
    few = 0 < count <= NAMED and len(names) > NAMED
    own = [label for label, mark in zip(names.descriptions(), chosen, strict=True) if mark] if few else []
    return f"{count} of {len(names)}" + (f": {', '.join(own)}" if own else "")


def shares(axes: Axes, percent: pd.DataFrame, chosen: pd.DataFrame) -> None:
    """Draw a dot per environment and the mean in each term's row."""
    axes.grid(axis="both")
    axes.tick_params(axis="y", length=0)
    values, marks = percent.to_numpy(dtype=float), chosen.to_numpy()
    size, opacity = (4.0, 0.75) if values.shape[1] <= 12 else (3.2, 0.45)
    row, _ = np.nonzero(np.isfinite(values))
    known, filled = values[np.isfinite(values)], marks[np.isfinite(values)]
    # A share of nearly nothing lies on the axis: half of its dot would be cut away.
    dot: dict[str, Any] = {"linestyle": "", "marker": "o", "markersize": size, "clip_on": False}
    open_dot: dict[str, Any] = {
        "markerfacecolor": "white",
        "markeredgecolor": _palette.KNOWN["LMS"].colour,
        "markeredgewidth": 0.7,
    }
    full_dot: dict[str, Any] = {"color": _palette.KNOWN["LMS"].colour, "alpha": opacity, "markeredgewidth": 0}
    for which, look in ((~filled, open_dot), (filled, full_dot)):
        # Dots that are not cut and are none at all would take part in the layout, at the figure's corner.
        if which.any():
            axes.plot(known[which], row[which] + 0.5, **dot, **look)
    means = np.nan_to_num(values).mean(axis=1)
    axes.vlines(means, np.arange(len(values)) + 0.15, np.arange(len(values)) + 0.85, color="black", linewidth=1.2)


def counts(axes: Axes, count: np.ndarray, of: int, texts: list[str]) -> None:
    """Draw in how many of the environments each term is selected, as a bar and in words."""
    place = np.arange(len(count)) + 0.5
    axes.barh(place, of, height=0.6, color=mpl.FAINT)
    axes.barh(place, count, height=0.6, color=_palette.KNOWN["LMS"].colour)
    axes.set_xlim(0, of)
    axes.set_axis_off()
    for y, text in zip(place, texts, strict=True):
        axes.text(of * 1.06, y, text, va="center", fontsize=mpl.SMALL)


def scale(axes: Axes, highest: float) -> None:
    """Make the x axis one of square roots, from 0 to somewhat above ``highest`` percent."""
    axes.set_xscale("function", functions=(lambda x: np.sqrt(np.maximum(x, 0)), np.square))
    axes.set_xlim(0, min(100.0, highest * 1.1) or 1)
    axes.set_xticks([tick for tick in TICKS if tick <= axes.get_xlim()[1]])


def legend(axes: Axes) -> None:
    """Explain dots and ticks above the axes."""
    dot = _palette.Style(_palette.KNOWN["LMS"].colour, "o", "-")
    handles = [
        *mpl.handles({"selected": dot}, linestyle="", markersize=4),
        *mpl.handles({"not selected": dot}, linestyle="", markersize=4, markerfacecolor="white", markeredgewidth=0.7),
        *mpl.handles({"mean": _palette.Style("black", "|", "-")}, linestyle="", markersize=8, markeredgewidth=1.2),
    ]
    axes.legend(
        handles=handles, loc="lower right", bbox_to_anchor=(1, 1), ncols=3, fontsize=mpl.SMALL, handlelength=0.8,
        handletextpad=0.4, columnspacing=1.2, borderpad=0, borderaxespad=0.5,
    )  # fmt: skip
