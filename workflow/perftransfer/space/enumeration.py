"""List the valid configurations of spaces in which nearly all combinations of levels are forbidden."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from graphlib import TopologicalSorter

import numpy as np

from perftransfer.errors import UserError
from perftransfer.space.options import Level, Option, level_text

#: Partial configurations that are tried at most: seconds, and some hundred MiB.
MAX_STEPS = 300_000
#: Levels, as text, of some options: all have to hold.
Clause = Mapping[str, Sequence[str]]


def enumerate_configurations(
    options: Sequence[Option], conditions: Sequence[tuple[str, Clause]], forbidden: Sequence[Clause], where: str
) -> Iterator[dict[str, Level | None]]:
    """Yield all configurations in a fixed order, without trying what continues a forbidden beginning.

    Parameters
    ----------
    options
        Options of the space.
    conditions
        Options, and the levels of others at which they are active.
    forbidden
        Clauses of which none may hold.
    where
        File of the space, for messages.

    Raises
    ------
    UserError
        After ``MAX_STEPS``.
    """
    by_name, active_when = {option.name: option for option in options}, dict(conditions)
    parents = {option.name: active_when.get(option.name, {}).keys() for option in options}
    order = [by_name[name] for name in TopologicalSorter(parents).static_order()]
    position = {option.name: i for i, option in enumerate(order)}
    # A clause is decided as soon as the last of its options is.
    decided: list[list[Clause]] = [[] for _ in order]
    for clause in forbidden:
        decided[max(position[name] for name in clause)].append(clause)
    texts: dict[str, str | None] = {}
    steps = 0

    def holds(clause: Clause) -> bool:
        return all(texts[name] in levels for name, levels in clause.items())

    def extend(i: int) -> Iterator[dict[str, Level | None]]:
        nonlocal steps
        if i == len(order):
            yield {
                option.name: None if texts[option.name] is None else option.levels[option.code(texts[option.name])]
                for option in options
            }
            return
        option = order[i]
        is_active = holds(active_when.get(option.name, {}))
        for text in [level_text(level) for level in option.levels] if is_active else [None]:
            steps += 1
            if steps > MAX_STEPS:
                raise UserError(
                    f"{where}: forbidden: so much is forbidden that random configurations are nearly never valid, and "
                    "the others are too many to list; shorten the levels of the options instead"
                )
            texts[option.name] = text
            if not any(map(holds, decided[i])):
                yield from extend(i + 1)
        del texts[option.name]

    return extend(0)


def valid_share(
    options: Sequence[Option], conditions: Sequence[tuple[str, Clause]], forbidden: Sequence[Clause], n_draws: int
) -> float:
    """Return the share of random configurations in which no clause holds; see ``enumerate_configurations``."""
    rng = np.random.default_rng(0)
    drawn = {option.name: rng.integers(len(option.levels), size=n_draws) for option in options}
    codes = {option.name: {text: code for code, text in enumerate(option.texts)} for option in options}

    def holds(clause: Clause) -> np.ndarray:
        parts = [np.isin(drawn[name], [codes[name][text] for text in levels]) for name, levels in clause.items()]
        result: np.ndarray = np.logical_and.reduce(parts)
        return result

    active_when = dict(conditions)
    for name in TopologicalSorter({name: when.keys() for name, when in conditions}).static_order():
        if name in active_when:
            # No clause holds for an option that is inactive.
            drawn[name] = np.where(holds(active_when[name]), drawn[name], -1)
    return 1 - float(np.logical_or.reduce([holds(clause) for clause in forbidden]).mean())
