"""Configurations of one environment as another one sees them, where their options differ."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from perftransfer.space.options import Option


class Alignment:
    """Turns configurations of any environment of a study into such as an environment could have measured.

    codes: configurations measured there, shape (rows, options). An option that it does not have (inactive in all of
    them) becomes inactive: it decides nothing there. One that is always active there, and inactive where a
    configuration comes from, is set to its default, what happens without the option; to the level measured most often,
    where the default was not measured. Levels stay as they are.
    """

    def __init__(self, codes: np.ndarray, options: Sequence[Option]) -> None:
        inactive = np.array([len(option.levels) for option in options], dtype=int)
        is_inactive = codes == inactive
        self._inactive = inactive
        self._lacking = is_inactive.all(axis=0) & bool(len(codes))
        self._always = ~is_inactive.any(axis=0)
        self._defaults = np.array([_usual(codes[:, i], option) for i, option in enumerate(options)], dtype=int)

    def __call__(self, codes: np.ndarray) -> np.ndarray:
        """Codes as seen from here, shape (rows, options); the same array if there is nothing to change."""
        missing = codes == self._inactive
        to_inactive, to_default = ~missing & self._lacking, missing & self._always
        if not (to_inactive.any() or to_default.any()):
            return codes
        return np.where(to_inactive, self._inactive, np.where(to_default, self._defaults, codes))


def _usual(codes: np.ndarray, option: Option) -> int:
    """Code of the default, or of the most frequent level if the default is not among these."""
    default = option.code(option.default)
    return default if default in codes or not len(codes) else int(np.bincount(codes).argmax())
