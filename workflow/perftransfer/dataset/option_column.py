"""One option's column of the dataset: whether it varies, and what type it has, over all environments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from perftransfer.space.options import INACTIVE, Level, Option, level_text

# pandas' type for values without a common type.
_TEXT = np.dtype(object)


class OptionColumn:
    """Collects the levels of an option, environment by environment, without the rows of all of them in memory."""

    def __init__(self, option: Option) -> None:
        self.option = option
        self._texts: set[str] = set()
        self._types: dict[Any, pd.Series] = {}
        self._varies_within = False

    def add(self, levels: pd.Series | None) -> None:
        """Take the different levels found in an environment; None where it lacks the option."""
        if levels is None:
            levels = pd.Series([None], dtype=object)
        level_texts = set(texts(levels))
        self._texts |= level_texts
        self._varies_within |= len(level_texts) > 1
        # An inactive level is text, also where the others are not.
        self._types[_TEXT if levels.isna().any() else levels.dtype] = levels.iloc[:0]

    @property
    def varies(self) -> bool:
        """Whether it has several levels; environments that lack the option do not count."""
        return self._varies_within or len(self._texts - {INACTIVE}) > 1

    @property
    def constant(self) -> Level:
        """The only level of an option that does not vary; INACTIVE if it is inactive everywhere."""
        active = self._texts - {INACTIVE}
        return self.option.levels[self.option.code(active.pop())] if active else INACTIVE

    def stored(self, values: pd.Series | None, rows: int) -> pd.Series:
        """Return the column in one environment, with its type in all; ``values`` is None without the option."""
        if values is None:
            return pd.Series(INACTIVE, index=range(rows), dtype="str")
        # One environment has it as text, another as numbers; a column has one type.
        common = _TEXT if _TEXT in self._types else pd.concat(list(self._types.values())).dtype
        return texts(values) if common == _TEXT else values.astype(common)


def texts(levels: pd.Series) -> pd.Series:
    """Levels as text, INACTIVE where there is none; each different level is written once."""
    codes, different = pd.factorize(levels, use_na_sentinel=False)
    written = [INACTIVE if pd.isna(level) else level_text(level) for level in different]
    return pd.Series(pd.array(written, dtype="str").take(codes), index=levels.index)
