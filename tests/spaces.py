"""Made-up option spaces, and configurations of them as codes, for tests of what learns from them."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from hypothesis import strategies as st

from perftransfer.space.option_space import OptionSpace
from perftransfer.space.options import Option

#: What ONNX Runtime's space is like: ordered, unordered and truth values, one option conditional, one clause.
CONTENT: dict[str, Any] = {
    "options": {
        "threads": {"levels": [1, 2, 4], "ordered": True},
        "mode": {"levels": ["sequential", "parallel"]},
        "inter": {"levels": [1, 2, 8], "ordered": True, "default": 2},
        "layout": {"levels": ["nchw", "nhwc", "blocked"], "default": "nhwc"},
        "spinning": {"levels": [True, False]},
    },
    "conditions": [{"option": "inter", "when": {"mode": ["parallel"]}}],
    "forbidden": [{"threads": 4, "layout": ["blocked", "nchw"]}],
}


def codes_of(*levels: range) -> np.ndarray:
    """All combinations of level positions, shape (combinations, options)."""
    return np.array(list(itertools.product(*levels)))


def factorial(**levels: int) -> tuple[tuple[Option, ...], np.ndarray]:
    """Ordered options with so many levels 1, 2, 3 … each, and all configurations of them as codes."""
    options = tuple(Option(name, tuple(range(1, n + 1)), True, 1) for name, n in levels.items())
    return options, codes_of(*(range(n) for n in levels.values()))


_LEVELS = st.one_of(
    st.lists(st.integers(-3, 10**10), min_size=2, max_size=4, unique=True),
    st.lists(st.sampled_from([0.1, 0.25, 1.5, 2.0, 7.75]), min_size=2, max_size=4, unique=True),
    st.lists(st.sampled_from(["fp32", "int8", "a b", "ü", "1x"]), min_size=2, max_size=4, unique=True),
    st.just([True, False]),
)


@st.composite
def contents(draw: st.DrawFn) -> dict[str, Any]:
    """Contents of a space's file: up to five options, a chain of conditions, up to two clauses."""
    names = draw(st.lists(st.sampled_from("abcdefgh"), min_size=2, max_size=5, unique=True))
    options: dict[str, Any] = {}
    for name in names:
        levels = draw(_LEVELS)
        options[name] = {"levels": levels, "ordered": draw(st.booleans()), "default": draw(st.sampled_from(levels))}
    conditions = []
    # A condition is always on an option further to the left, so that they go round in no circle.
    for i, name in enumerate(names[1:], start=1):
        if draw(st.integers(0, 2)) == 0:
            parent = names[draw(st.integers(0, i - 1))]
            some = draw(st.lists(st.sampled_from(options[parent]["levels"]), min_size=1, max_size=2, unique=True))
            conditions.append({"option": name, "when": {parent: some}})
    forbidden = []
    for _ in range(draw(st.integers(0, 2))):
        pair = draw(st.lists(st.sampled_from(names), min_size=2, max_size=2, unique=True))
        # Levels other than the default: a space that forbids its own default is refused.
        clause = {
            name: draw(
                st.sampled_from([level for level in options[name]["levels"] if level != options[name]["default"]])
            )
            for name in pair
        }
        forbidden.append(clause)
    return {"options": options, "conditions": conditions, "forbidden": forbidden}


option_spaces = contents().map(lambda content: (content, OptionSpace(content, "space")))
