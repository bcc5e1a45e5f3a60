from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spaces import CONTENT, option_spaces

from perftransfer.errors import UserError
from perftransfer.space import enumeration, option_space
from perftransfer.space.option_space import OptionSpace
from perftransfer.space.options import configuration_id, level_text


def is_valid(configuration: dict[str, Any], content: dict[str, Any]) -> bool:
    """The rules, written down a second time: which options play a part, which clauses are violated."""
    whens = {item["option"]: item["when"] for item in content.get("conditions", [])}

    def plays(name: str) -> bool:
        return all(
            plays(other) and configuration[other] is not None and configuration[other] in levels
            for other, levels in whens.get(name, {}).items()
        )

    for name, item in content["options"].items():
        value = configuration[name]
        if (value is not None) != plays(name) or (value is not None and value not in item["levels"]):
            return False

    def matches(value: Any, levels: Any) -> bool:
        return value is not None and value in (levels if isinstance(levels, list) else [levels])

    return not any(
        all(matches(configuration[name], levels) for name, levels in clause.items())
        for clause in content.get("forbidden", [])
    )


def all_valid(content: dict[str, Any]) -> set[str]:
    names = list(content["options"])
    levels = [[*content["options"][name]["levels"], None] for name in names]
    combinations = (dict(zip(names, values, strict=True)) for values in itertools.product(*levels))
    return {configuration_id(configuration) for configuration in combinations if is_valid(configuration, content)}


@settings(max_examples=10)
@given(option_spaces, st.integers(0, 1000))
def test_every_sampled_configuration_keeps_the_conditions_and_the_forbidden_clauses(space, seed):
    content, options = space
    sample = options.sample(30, seed)
    assert all(is_valid(configuration, content) for configuration in sample.values())
    assert all(configuration_id(configuration) == key for key, configuration in sample.items())


@settings(max_examples=10)
@given(option_spaces, st.data())
def test_a_restricted_space_holds_what_has_the_level(space, data):
    _, options = space
    option = data.draw(st.sampled_from(options.options))
    level = data.draw(st.sampled_from(option.levels))
    try:
        restricted = options.restricted({option.name: level})
    except UserError as error:
        assert "forbids the default configuration itself" in str(error)
        return
    wanted = {
        configuration_id(one)
        for one in options.grid
        if one[option.name] is None or level_text(one[option.name]) == level_text(level)
    }
    assert set(map(configuration_id, restricted.grid)) == wanted
    assert restricted.default[option.name] in (level, None)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (
            {"levels": ["low", "high"], "relative_to": "cores"},
            "relative_to: found cores; levels have to be numbers above 0",
        ),
        ({"levels": [0, 1], "relative_to": "cores"}, "levels have to be numbers above 0"),
        ({"levels": [1, 2], "relative_to": "core"}, "unknown size 'core'. Allowed: cores, batch, image_px"),
    ],
)
def test_only_numbers_are_relative_to_a_size(option, message):
    with pytest.raises(UserError) as caught:
        OptionSpace({"options": {"threads": option}}, "space.yaml")
    assert message in str(caught.value)


def test_only_levels_of_the_space_can_be_held():
    space = OptionSpace(CONTENT, "space.yaml")
    for fixed in ({"arenna": True}, {space.options[0].name: "nowhere"}):
        with pytest.raises(UserError, match="unknown"):
            space.restricted(fixed)


@settings(max_examples=10)
@given(option_spaces, st.integers(0, 1000))
def test_a_sample_larger_than_the_space_is_the_space(space, seed):
    content, options = space
    assert set(options.sample(10**6, seed)) == all_valid(content)


@settings(max_examples=10)
@given(option_spaces)
def test_the_grid_is_every_valid_configuration_once(space):
    content, options = space
    ids = [configuration_id(configuration) for configuration in options.grid]
    assert len(ids) == len(set(ids))
    assert set(ids) == all_valid(content)


@settings(max_examples=10)
@given(option_spaces, st.integers(0, 1000), st.integers(0, 40), st.integers(0, 40))
def test_a_longer_sample_begins_with_the_shorter_one(space, seed, n, n_added):
    _, options = space
    short, long = list(options.sample(n, seed).items()), list(options.sample(n + n_added, seed).items())
    assert long[: len(short)] == short
    assert len(short) <= n


@settings(max_examples=10)
@given(option_spaces, st.integers(0, 1000))
def test_a_sample_begins_with_the_default_and_all_its_one_at_a_time_changes(space, seed):
    content, options = space
    singles = list(options.one_at_a_time())
    sample = list(options.sample(100, seed).values())
    assert sample[0] == options.default
    assert sample[1 : 1 + len(singles)] == singles
    defaults = {name: item["default"] for name, item in content["options"].items()}
    for configuration in singles:
        # What is at another level than its default is the one option that was changed.
        assert sum(value is not None and value != defaults[name] for name, value in configuration.items()) == 1


@settings(max_examples=10)
@given(option_spaces)
def test_a_seed_decides_the_sample(space):
    content, options = space
    assert options.sample(25, 7) == options.sample(25, 7) == OptionSpace(content, "again").sample(25, 7)


def test_other_seeds_give_other_random_configurations():
    space = OptionSpace(CONTENT, "space")
    assert space.sample(30, 0) != space.sample(30, 1)


def test_the_one_at_a_time_changes_of_a_space_with_condition_and_clause_are_those_one_would_write_down():
    space = OptionSpace(CONTENT, "space")
    default = {"threads": 1, "mode": "sequential", "inter": None, "layout": "nhwc", "spinning": True}
    assert space.default == default
    assert list(space.one_at_a_time()) == [
        default | {"threads": 2},
        default | {"threads": 4},
        # The option that it brings into play takes its default.
        default | {"mode": "parallel", "inter": 2},
        default | {"layout": "nchw"},
        default | {"layout": "blocked"},
        default | {"spinning": False},
    ]


def test_changes_of_any_configuration_deactivate_and_activate_what_depends_on_them():
    space = OptionSpace(CONTENT, "space")
    parallel = {"threads": 4, "mode": "parallel", "inter": 1, "layout": "nhwc", "spinning": True}
    changes = {(option.name, level): changed for option, level, changed in space.changes(parallel)}
    assert changes["mode", "sequential"] == parallel | {"mode": "sequential", "inter": None}
    assert changes["inter", 2] == parallel | {"inter": 2}
    assert changes["threads", 1] == parallel | {"threads": 1}
    assert ("threads", 4) not in changes


def test_a_forbidden_change_of_the_default_is_passed_over():
    content = CONTENT | {"forbidden": [{"threads": 4, "spinning": True}]}
    assert [c["threads"] for c in OptionSpace(content, "space").one_at_a_time()].count(4) == 0


def test_levels_keep_their_types():
    values = OptionSpace(CONTENT, "space").sample(1, 0).popitem()[1]
    assert {name: type(value) for name, value in values.items() if value is not None} == {
        "threads": int,
        "mode": str,
        "layout": str,
        "spinning": bool,
    }


def test_a_clause_on_an_option_that_plays_no_part_by_default_does_not_forbid_the_default():
    content = CONTENT | {"forbidden": [{"inter": 2, "spinning": True}]}
    space = OptionSpace(content, "space")
    assert is_valid(space.default, content)
    assert {configuration_id(c) for c in space.grid} == all_valid(content)


def test_the_spaces_of_the_project_can_be_read_and_sampled():
    for path in Path(__file__).parents[2].glob("config/spaces/*.yaml"):
        assert len(OptionSpace.read(path).sample(48, 1)) == 48


OPTION = {"levels": [1, 2]}
TWO = {"a": {"levels": [1, 2]}, "b": {"levels": ["x", "y"]}}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({}, ["options: expected a mapping"]),
        ({"options": {}}, ["options: expected a mapping"]),
        ({"options": ["a"]}, ["options: expected a mapping"]),
        ({"options": {"a": OPTION}, "forbiden": []}, ["forbiden", "Did you mean 'forbidden'"]),
        ({"options": {"a": 3}}, ["options.a", "levels"]),
        ({"options": {"a": {"levels": [1]}}}, ["options.a.levels", "two or more"]),
        ({"options": {"a": {"levels": "12"}}}, ["options.a.levels", "two or more"]),
        ({"options": {"a": {"levels": [1, [2]]}}}, ["options.a.levels"]),
        ({"options": {"a": {"levels": [2, 2.0]}}}, ["options.a.levels", "duplicate"]),
        ({"options": {"a": {"levels": ["2", 2]}}}, ["options.a.levels", "duplicate"]),
        ({"options": {"a": {"levels": ["inactive", "on"]}}}, ["options.a.levels", "inactive"]),
        ({"options": {"a": {"levels": [1, 2], "default": 3}}}, ["options.a.default", "3", "1, 2"]),
        ({"options": {"a": {"levels": [1, 2], "ordred": True}}}, ["options.a", "Did you mean 'ordered'"]),
        # All that is wrong with the options, at once.
        ({"options": {"a": {"levels": [1]}, "b": {"levels": [1, 2], "default": 3}}}, ["options.a", "options.b"]),
        ({"options": TWO, "conditions": {"option": "a"}}, ["conditions", "list of mappings"]),
        ({"options": TWO, "conditions": [{"when": {"b": ["x"]}}]}, ["conditions[0].option"]),
        ({"options": TWO, "conditions": [{"option": ["a"], "when": {"b": ["x"]}}]}, ["conditions[0].option"]),
        ({"options": TWO, "conditions": [{"option": "aa", "when": {"b": ["x"]}}]}, ["Did you mean 'a'"]),
        ({"options": TWO, "conditions": [{"option": "a"}]}, ["conditions[0]", "when"]),
        ({"options": TWO, "conditions": [{"option": "a", "when": ["b"]}]}, ["conditions[0].when", "mapping"]),
        ({"options": TWO, "conditions": [{"option": "a", "when": {"b": ["z"]}}]}, ["conditions[0]", "b", "x, y"]),
        ({"options": TWO, "conditions": [{"option": "a", "when": {"b": ["x"]}, "unles": 1}]}, ["unles"]),
        ({"options": TWO, "conditions": [{"option": "a", "when": {"a": [1]}}]}, ["circular"]),
        (
            {
                "options": TWO,
                "conditions": [{"option": "a", "when": {"b": ["x"]}}, {"option": "b", "when": {"a": [1]}}],
            },
            ["circular", "a", "b"],
        ),
        (
            {
                "options": TWO | {"c": OPTION},
                "conditions": [{"option": "a", "when": {"b": ["x"]}}, {"option": "a", "when": {"c": [1]}}],
            },
            ["a has more than one condition"],
        ),
        ({"options": TWO, "forbidden": [{"c": 1}]}, ["forbidden[0]", "'c'", "a, b"]),
        ({"options": TWO, "forbidden": [{"a": 3}]}, ["forbidden[0]: a", "3", "1, 2"]),
        ({"options": TWO, "forbidden": [{"a": 2}, {"a": 1, "b": ["y", "x"]}]}, ["forbidden[1]", "default"]),
    ],
)
def test_what_is_wrong_with_a_space_is_said_with_its_place(content, expected):
    with pytest.raises(UserError) as caught:
        OptionSpace(content, "spaces/mine.yaml")
    assert str(caught.value).startswith("spaces/mine.yaml: ")
    for text in expected:
        assert text in str(caught.value)


def test_numbers_that_are_written_differently_are_the_same_level():
    space = OptionSpace(CONTENT | {"forbidden": [{"threads": 4.0, "layout": "nchw"}]}, "space")
    assert not any(c["threads"] == 4 and c["layout"] == "nchw" for c in space.grid)
    assert level_text(4.0) == level_text(4)


def wide(forbidden: list[dict[str, Any]], **more: Any) -> OptionSpace:
    """Nine options of ten levels: 10^9 combinations."""
    options = {f"o{i}": {"levels": list(range(10))} for i in range(9)}
    return OptionSpace({"options": options, "forbidden": forbidden, **more}, "config/spaces/wide.yaml")


def test_a_space_of_which_nearly_all_is_forbidden_is_listed_without_trying_all() -> None:
    others = list(range(1, 10))
    space = wide([{f"o{i}": others} for i in range(1, 9)])
    assert sorted(c["o0"] for c in space.sample(48, seed=1).values()) == list(range(10))
    assert len(space.candidates(20_000, seed=1)) == 10
    # Only equal levels of neighbours.
    chained = wide([{f"o{i}": [a], f"o{i + 1}": [b for b in range(10) if b != a]} for i in range(8) for a in range(10)])
    assert [set(c.values()) for c in chained.grid] == [{level} for level in range(10)]


def test_a_space_that_cannot_be_listed_in_bounded_time_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enumeration, "MAX_STEPS", 10_000)
    with pytest.raises(UserError, match=r"config/spaces/wide\.yaml: forbidden: so much is forbidden"):
        _ = wide([]).grid


def test_what_is_enumerated_is_what_configspace_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    content = {
        "options": {
            "a": {"levels": [1, 2, 3]}, "b": {"levels": ["x", "y"]}, "c": {"levels": [True, False]},
            "d": {"levels": [1, 2]},
        },
        "conditions": [{"option": "a", "when": {"c": [True]}}, {"option": "b", "when": {"a": [2, 3]}}],
        "forbidden": [{"b": "y", "d": 2}, {"a": 3, "d": 2}],
    }  # fmt: skip
    listed = OptionSpace(content, "s.yaml").grid
    monkeypatch.setattr(option_space, "_LISTED_BY_PRODUCT", 0)
    space = OptionSpace(content, "s.yaml")
    assert sorted(map(str, space.grid)) == sorted(map(str, listed))
    assert 0.3 < enumeration.valid_share(space.options, space._conditions, space._forbidden, 5000) < 1
