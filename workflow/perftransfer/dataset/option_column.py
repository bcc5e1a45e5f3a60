"""One option's column of the dataset: whether it varies, and what type it has, over all environments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from perftransfer.space.options import INACTIVE, Level, Option, level_text

# What pandas has for values that have no type in common.
_TEXT = np.dtype(object)


class OptionColumn:
    """Learns from the levels found in one environment after the other; never needs the rows of all of them."""

    def __init__(self, option: Option) -> None:
        self.option = option
        self._texts: set[str] = set()
        self._types: dict[Any, pd.Series] = {}
        self._varies_within = False

    def add(self, levels: pd.Series | None) -> None:
        """Take the different levels found in an environment; None where it lacks the option."""
        if levels is None:
            levels = pd.Series([None], dtype=object)
        found = set(texts(levels))
        self._texts |= found
        self._varies_within |= len(found) > 1
        # An inactive level is text, whatever the others are.
        self._types[_TEXT if levels.isna().any() else levels.dtype] = levels.iloc[:0]

    @property
    def varies(self) -> bool:
        """Whether it decides anything: a level that is the only one wherever the option exists does not."""
        return self._varies_within or len(self._texts - {INACTIVE}) > 1

    @property
    def constant(self) -> Level:
        """The only level of an option that does not vary; INACTIVE if it plays no part anywhere."""
        active = self._texts - {INACTIVE}
        return self.option.levels[self.option.code(active.pop())] if active else INACTIVE

    def stored(self, values: pd.Series | None, rows: int) -> pd.Series:
        """The column in one environment, with the type that it has in all; ``values`` is None where it is lacking."""
        if values is None:
            return pd.Series(INACTIVE, index=range(rows), dtype="str")
        # One environment has it as text, another as numbers; a column has one type.
        common = _TEXT if _TEXT in self._types else pd.concat(list(self._types.values())).dtype
        return texts(values) if common == _TEXT else values.astype(common)


def texts(levels: pd.Series) -> pd.Series:
    """Levels as text, INACTIVE where there is none; each different level is written once."""
    places, different = pd.factorize(levels, use_na_sentinel=False)
    written = [INACTIVE if pd.isna(level) else level_text(level) for level in different]
    return pd.Series(pd.array(written, dtype="str").take(places), index=levels.index)
