"""An option and its levels, and the identity of a configuration."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from perftransfer.levels import INACTIVE as INACTIVE
from perftransfer.levels import Configuration as Configuration
from perftransfer.levels import Level as Level
from perftransfer.levels import level_text as level_text


@dataclass(frozen=True)
class Option:
    """One setting. ``levels`` are in order if ``ordered``; a ``conditional`` one has the level INACTIVE, too.

    relative_to: size of the environment by which levels are divided when environments are compared; "" for none.
    """

    name: str
    levels: tuple[Level, ...]
    ordered: bool
    default: Level
    conditional: bool = False
    relative_to: str = ""

    @property
    def texts(self) -> list[str]:
        """All levels as text, INACTIVE last where the option is conditional."""
        return [level_text(level) for level in self.levels] + [INACTIVE] * self.conditional

    def text_of(self, value: Any) -> str:
        """Return the text of the level that a cell or an argument means: True is true, and 4.0 is 4.

        A value that means none of the levels is returned as text.
        """
        text = level_text(value)
        if text in self.texts:
            return text
        if text.lower() in ("true", "false") and any(isinstance(level, bool) for level in self.levels):
            return text.lower()
        numbers = {float(level): level_text(level) for level in self.levels if is_number(level)}
        try:
            return numbers.get(float(text), text)
        except ValueError:
            return text

    def code(self, level: Any) -> int:
        """Position of a level in ``texts``.

        Raises ValueError if the option has no such level.
        """
        return self.texts.index(level_text(level))


def is_number(level: object) -> bool:
    """Whether a level is a number, which truth values are not."""
    return isinstance(level, int | float) and not isinstance(level, bool)


def to_json(options: Iterable[Option]) -> str:
    """Write options as the text that travels in the metadata of a table."""
    items = [asdict(option) for option in options]
    for item in items:
        if not item["relative_to"]:
            del item["relative_to"]
    return json.dumps(items, separators=(",", ":"))


def from_json(text: str) -> tuple[Option, ...]:
    """Read what ``to_json`` wrote."""
    return tuple(Option(**{**item, "levels": tuple(item["levels"])}) for item in json.loads(text))


def configuration_id(configuration: Configuration) -> str:
    """Return 12 hexadecimal digits that identify the option values, independent of their order and numeric type.

    The same in every study, on every machine, so that measurements of the same configuration find each other.
    """
    pairs = sorted((name, level_text(level)) for name, level in configuration.items())
    return hashlib.sha256(json.dumps(pairs, separators=(",", ":")).encode()).hexdigest()[:12]


def configuration_ids(texts: Mapping[str, Iterable[str]]) -> list[str]:
    """Return ``configuration_id`` of many configurations, from texts of levels by option, without inactive ones.

    >>> two = configuration_ids({"threads": ["2", "2"], "spinning": ["true", INACTIVE]})
    >>> two == [configuration_id({"threads": 2, "spinning": True}), configuration_id({"threads": 2})]
    True
    """
    columns = []
    for name in sorted(texts):
        column = list(texts[name])
        pairs = {text: json.dumps([name, text], separators=(",", ":")) for text in set(column) - {INACTIVE}}
        columns.append([pairs.get(text) for text in column])
    written = ("[" + ",".join(filter(None, row)) + "]" for row in zip(*columns, strict=True))
    return [hashlib.sha256(text.encode()).hexdigest()[:12] for text in written]


def written(configuration: Mapping[str, Level | None]) -> str:
    """Write a configuration as for ``--set``; inactive options are left out."""
    return " ".join(f"{name}={level_text(level)}" for name, level in configuration.items() if level is not None)
