"""Colours that are told apart in grey, names that are marked and broken, objectives with their units."""

from __future__ import annotations

import itertools

import pytest
from matplotlib.colors import to_rgb

from perftransfer import objectives, strategies
from perftransfer.figures import _environments, _matplotlib, _palette


def grey(colour: str) -> float:
    red, green, blue = to_rgb(colour)
    return 0.299 * red + 0.587 * green + 0.114 * blue


def test_the_papers_strategies_differ_in_grey_marker_and_line() -> None:
    for a, b in itertools.combinations(_palette.PAPER.values(), 2):
        assert abs(grey(a.colour) - grey(b.colour)) > 0.1
        assert a.marker != b.marker
        assert a.line != b.line


def test_every_colour_stands_out_from_white() -> None:
    for look in (*_palette.KNOWN.values(), *_palette.OTHERS):
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(look.colour)]
        assert 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05) >= 3, look


def test_no_two_of_a_dozen_strategies_look_the_same() -> None:
    found = _palette.styles([*_palette.PAPER, *"abcdefg"])
    assert len({look.colour for look in found.values()}) == len({look.marker for look in found.values()}) == 12
    many = _palette.styles([*_palette.PAPER, *map(str, range(40))])
    assert len(set(many.values())) == 45


def test_ours_look_the_same_in_every_study_and_no_two_share_a_colour_or_marker_and_line() -> None:
    assert set(_palette.KNOWN) == set(strategies.names())
    looks = _palette.KNOWN.values()
    assert len({look.colour for look in looks}) == len({look[1:] for look in looks}) == len(looks)
    others = ["mine", "KT (random)", "AUTO (greedy)"]
    found = _palette.styles([*_palette.KNOWN, *others])
    assert len({look.colour for look in found.values()}) == len(found)
    for name in ("KT", "TEAMS"):
        assert _palette.styles([name])[name] == found[name]
    assert _palette.styles(["mine"])["mine"] == _palette.styles(["mine", "RS", "KT"])["mine"]


def test_vega_knows_every_marker() -> None:
    for look in (*_palette.KNOWN.values(), *_palette.OTHERS):
        assert look.shape
        assert len(look.dash) % 2 == 0


def test_a_strategy_looks_the_same_whatever_the_order() -> None:
    assert _palette.styles(["b", "RS", "a"]) == _palette.styles(["a", "b", "RS"])
    assert list(_palette.styles(["b", "NLMS", "a", "RS"])) == ["RS", "NLMS", "a", "b"]
    assert _palette.styles(["RS"])["RS"] == _palette.styles(["x", "RS"])["RS"]


def test_the_scale_of_cells_falls_steadily_in_grey() -> None:
    import matplotlib as mpl

    shades = [grey(mpl.colormaps[_matplotlib.SEQUENTIAL](i)) for i in range(0, 256, 5)]
    assert all(a > b for a, b in itertools.pairwise(shades))


@pytest.mark.parametrize(
    ("text", "lines", "broken"),
    [
        ("short", 2, "short"),
        ("mobilenetv2-128px-1core (emulated)", 2, "mobilenetv2-128px-\n1core (emulated)"),
        ("a" * 40, 2, "a" * 40),
    ],
)
def test_long_names_are_broken_where_a_part_ends(text: str, lines: int, broken: str) -> None:
    assert _environments.wrapped(text, lines) == broken


def test_words_are_broken_only_where_there_is_no_room() -> None:
    assert _environments.filled("a" * 10, 4) == "aaaa\naaaa\naa"


@pytest.mark.parametrize(
    ("objective", "label"),
    [
        ("latency_ms", "latency (ms)"),
        ("energy_mj", "energy (mJ)"),
        ("peak_memory_mib", "peak memory (MiB)"),
        ("inference_time_s", "inference time (s)"),
        ("power_sum", "power sum"),
        ("s", "s"),
    ],
)
def test_objectives_carry_their_unit(objective: str, label: str) -> None:
    assert objectives.label(objective) == label
