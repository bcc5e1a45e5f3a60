"""The page of the reference on strategies, designs and learners, made from their own modules."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from pathlib import Path

from perftransfer import designs, learners, strategies
from perftransfer.designs.interface import ActiveDesign, Design
from perftransfer.strategies.interface import Strategy

PAGE = Path("docs/reference/strategies.md")

_HEAD = """# Strategies, designs, learners

Made from the modules in `workflow/perftransfer/strategies`, `designs` and `learners` by `make docs`: do not edit.

What a study may name, with references. A strategy is a design and a way to use the source; each one that takes a
learner is crossed with those of the study. Iqbal et al. 2019 is the paper: Iqbal, Kotthoff and Jamshidi, "Transfer
Learning for Performance Modeling of Deep Neural Network Systems", OpML 2019, arXiv 1904.02838.

If in doubt, use `AUTO`. Any strategy may be named with another design than its own (`KT+random`,
`AUTO+active`), and a strategy may be a [class of your own](../how-to/strategy.md).
"""
_STRATEGIES = """## Strategies

- **source**: one (each other environment in turn), all other environments at once, or none.
- **learner**: where it learns: on the target's sample, on the source, on both; or the strategy takes none.
- **intervals**: the strategy's own, or CV+ from refits on parts of a random sample (`evaluation.interval_folds`); none
  where nothing is measured in the target, or where the sample is chosen and not drawn.
"""
_LEARNS = {"target": "on the target", "source": "on the source", "both": "on both", "none": "none"}
_DESIGNS = """## Designs

Which configurations of the pool are measured in the target. Those without a source can be compared by themselves
(`evaluation.designs`). A design of a fixed size has as many points as the options ask for; an active one looks, batch
by batch, at what was measured so far.
"""
_LEARNERS = """## Learners

How a performance model is fitted. Parameters are keys of a [study](study.md), in `learning.parameters`.
"""


def page() -> str:
    """Return the page as Markdown. Imports every strategy, design and learner there is."""
    compared = [(name, strategies.load(name)) for name in strategies.names()]
    chosen = [(name, designs.load(name)) for name in designs.names()]
    fitted = [(name, learners.load(name)) for name in learners.names()]
    rows = [_strategy(name, cls) for name, cls in compared]
    design_rows = [
        (f"[`{name}`](#{name})", cls.title, "yes" if cls.needs_source else "no", _size(cls)) for name, cls in chosen
    ]
    parts = [
        _HEAD,
        _STRATEGIES,
        _table(("name", "in words", "source", "learner", "design", "intervals"), rows),
        *(f"### {name}\n\n{_text(cls)}" for name, cls in compared),
        _DESIGNS,
        _table(("name", "in words", "asks a source", "size"), design_rows),
        *(f"### {name}\n\n{_text(cls)}" for name, cls in chosen),
        _LEARNERS,
        _table(("name", "in words"), [(f"[`{name}`](#{name.lower()})", cls.title) for name, cls in fitted]),
        *(f"### {name}\n\n{_text(cls)}" for name, cls in fitted),
    ]
    return "\n".join(parts)


def _strategy(name: str, cls: type[Strategy]) -> tuple[str, ...]:
    source = ("all" if cls.uses_all_sources else "one") if cls.needs_source else "none"
    design = designs.name_of(cls.design)
    if cls.interval is not Strategy.interval:
        intervals = "its own"
    elif cls.needs_target and cls.design.is_random_sample:
        intervals = "CV+"
    else:
        intervals = "none"
    chosen = f"[`{design}`](#{design})" if cls.needs_target else "measures nothing"
    return f"[`{name}`](#{name.lower()})", cls.title, source, _LEARNS[cls.fits_learner_on], chosen, intervals


def _size(design: type[Design]) -> str:
    if issubclass(design, ActiveDesign):
        return "any, active"
    return "any" if design.size is Design.size else "fixed"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _text(documented: object) -> str:
    """Docstring as Markdown."""
    text = inspect.cleandoc(getattr(documented, "__doc__", None) or "").replace("``", "`")
    return re.sub(r"<(?=\w)", r"\<", text) + "\n"
