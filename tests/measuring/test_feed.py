"""What networks are fed: which size each dimension gets, which values each input, and what is refused beforehand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from perftransfer import yaml_file
from perftransfer.errors import UserError
from perftransfer.measuring import feed
from perftransfer.measuring.feed import DeclaredInput, Fill
from perftransfer.measuring.feed.fill import parse
from perftransfer.plain import from_plain, to_plain


def shapes(workload: dict[str, int], *sizes: Any, name: str = "x") -> list[list[int]]:
    """Shapes of inputs x0, x1, ... of these sizes (of one input: x)."""
    names = [name] if len(sizes) == 1 else [f"x{i}" for i in range(len(sizes))]
    declared = [DeclaredInput(name, each) for name, each in zip(names, sizes, strict=True)]
    return [list(each.shape) for each in feed.plan(declared, workload, {})]


def refusal(workload: dict[str, int], *sizes: Any) -> str:
    with pytest.raises(UserError) as caught:
        shapes(workload, *sizes)
    return str(caught.value)


@pytest.mark.parametrize(
    "name", ["batch", "batch_size", "batch-size", "BatchSize", "N", "B", "unk__0", "?", "s0", None, "x_dynamic_axes_1"]
)
def test_a_batch_is_understood_whatever_exporters_call_it(name: str | None) -> None:
    assert shapes({"batch": 4}, [name, 3]) == [[4, 3]]


@pytest.mark.parametrize(
    ("sizes", "workload", "expected"),
    [
        (["batch", 3, "height", "width"], {"batch": 1, "image_px": 32}, [1, 3, 32, 32]),
        (["batch", 3, "height", "width"], {"batch": 1, "height": 32, "width": 64}, [1, 3, 32, 64]),
        (["batch", 3, "H", "image-width"], {"batch": 1, "height": 32, "width": 64}, [1, 3, 32, 64]),
        (["batch", "sequence_length"], {"batch": 1, "sequence": 8}, [1, 8]),
        (["batch", "past_sequence_length + 1"], {"batch": 1, "past_sequence_length": 8}, [1, 9]),
        (["batch", "past_sequence_length + 1"], {"batch": 1, "past_sequence_length + 1": 8}, [1, 8]),
        (["batch_size*2", "floor(a.b/32) + max(a.b, 7)"], {"batch": 2, "a.b": 70}, [4, 72]),
        ([None, None, 64], {"batch": 2, "x[1]": 5}, [2, 5, 64]),
        (["?", "?", 64], {"batch": 2, "input[1]": 5}, [2, 5, 64]),
        (["batch", "past_sequence_length + 1"], {"batch": 1, "past_sequence_length+1": 8}, [1, 8]),
        (["?", 4], {"?": 3}, [3, 4]),
        (["time", "N", 64], {"time": 7, "N": 2}, [7, 2, 64]),
        (["a b/c", 2], {"a b/c": 9}, [9, 2]),
        ([], {"batch": 1}, []),
    ],
)
def test_sizes_are_found_by_name_place_and_formula(sizes: Any, workload: dict[str, int], expected: list[int]) -> None:
    assert shapes(workload, sizes) == [expected]


def test_the_batch_has_one_name_in_all_inputs() -> None:
    assert shapes({"batch": 4, "x1[1]": 3}, ["unk__0", 2], [None, "?"], ["unk__0"], [None]) == [
        [4, 2],
        [4, 3],
        [4],
        [4],
    ]


def test_the_only_dimension_of_a_sound_is_no_batch() -> None:
    assert "no size for the free dimension x[0]" in refusal({"batch": 1}, [None])
    assert "N=SIZE" in refusal({"batch": 1}, ["N"])


def test_a_size_that_is_missing_is_named_with_all_free_dimensions_and_what_to_write() -> None:
    words = refusal({"batch": 2}, ["batch", "frames", None], [7, "past + 1"])
    assert "no size for the free dimensions frames, x0[2], past; the sheet gives batch=2" in words
    assert "Free dimensions of the network: x0[0] 'batch', x0[1] 'frames', x0[2], x1[1] 'past + 1'" in words
    assert "column sizes: frames=SIZE x0[2]=SIZE past=SIZE" in words
    assert "column image_px" in refusal({"batch": 2}, ["batch", 3, "height", "width"])
    assert "column batch" in refusal({}, ["batch", 3])


@pytest.mark.parametrize(
    ("workload", "sizes", "words"),
    [
        ({"batch": 256}, [1, 512], "x has the size 1 in its first dimension; the environment says batch 256"),
        ({"batch": 1}, [512], "x has the size 512 in its first dimension; the environment says batch 1"),
        ({"batch": 1, "image_px": 512}, [1, 3, 224, 224], "no images of 512 x 512 pixels"),
        ({"batch": 1, "image_px": 512}, ["batch", 3, "height", 640], "no images of 512 x 512 pixels"),
        ({"batch": 1, "image_px": 512}, [1, 512], "no images of 512 x 512 pixels"),
        ({"batch": 1, "sequence": 128}, [1, 512], "does not take sequence=128. Inputs of the network: x [1, 512]"),
        ({"batch": 1, "x[1]": 128}, [1, 512], r"does not take x[1]=128"),
        ({"batch": 1, "x[2]": 512}, [1, 512], r"does not take x[2]=512"),
        ({"batch": 1, "frames": 7, "frame": 8}, ["batch", "frames"], "does not take frame=8"),
        ({"batch": 2, "a": 3}, ["batch", "a - 3"], "no size for the free dimension a - 3"),
        ({"batch": 1, "[seq len": 7}, ["batch", "seq_len"], "no size for the free dimension seq_len"),
        ({"batch_size": 2}, ["batch", 8], "found batch_size=2; write it into the column batch"),
        ({"batch": 2}, None, "does not say how many dimensions it has"),
    ],
)
def test_a_size_that_the_network_does_not_take_is_refused(workload: dict[str, int], sizes: Any, words: str) -> None:
    assert words in refusal(workload, sizes)


def test_fixed_sizes_that_equal_the_request_are_fine() -> None:
    assert shapes({"batch": 1, "image_px": 224}, [1, 3, 224, 224]) == [[1, 3, 224, 224]]
    assert shapes({"batch": 1, "image_px": 224}, [1, 224, 224, 3]) == [[1, 224, 224, 3]]
    assert shapes({"batch": 1, "sequence": 128, "x[1]": 128}, [1, 128]) == [[1, 128]]
    assert shapes({}, [512]) == [[512]]


@pytest.mark.parametrize(
    "text", ["__import__('os')", "a.b.c()", "2x + 1", "(" * 300 + "a", "a ** 9 ** 9", "-1 a", "a +"]
)
def test_what_is_no_formula_is_a_name(text: str) -> None:
    assert "no size for the free dimension" in refusal({"batch": 1, "a": 2, "x": 3}, ["batch", text])


def planned(declared: DeclaredInput, column: str = "") -> feed.PlannedInput:
    (result,) = feed.plan([declared], {}, parse(yaml_file.parse(column)))
    return result


def values(declared: DeclaredInput, column: str = "") -> np.ndarray:
    plan = from_plain(feed.PlannedInput, to_plain(planned(declared, column)))
    (array,) = feed.arrays([plan], 1).values()
    assert array is not None
    return array


def test_numbers_are_those_of_earlier_versions_for_floats_and_masks() -> None:
    declared = [DeclaredInput("a", [2, 3]), DeclaredInput("m", [2], "int64"), DeclaredInput("b", [4], "float16")]
    plan = feed.plan(declared, {}, {})
    rng = np.random.default_rng(5)
    a, m, b = feed.arrays(plan, 5).values()
    np.testing.assert_array_equal(a, rng.standard_normal((2, 3)).astype(np.float32))
    np.testing.assert_array_equal(b, rng.standard_normal(4).astype(np.float16))
    np.testing.assert_array_equal(m, np.ones(2, np.int64))
    assert feed.unusual(plan) == {}


@pytest.mark.parametrize(
    ("type_", "low", "high"),
    [("uint8", 0, 255), ("int8", -128, 127), ("uint16", 0, 65535), ("int16", -32768, 32767)],
)
def test_narrow_integers_fill_their_range(type_: str, low: int, high: int) -> None:
    array = values(DeclaredInput("x", [100, 1000], type_))
    assert array.dtype == type_
    assert low <= array.min() < low + (high - low) / 100
    assert high >= array.max() > high - (high - low) / 100


def test_indices_are_rows_of_their_table() -> None:
    for rows in (1, 50):
        array = values(DeclaredInput("ids", [10, 100], "int64", rows=rows))
        assert set(array.ravel()) == set(range(rows))
    assert feed.unusual([planned(DeclaredInput("ids", [3], "int64", rows=50))]) != {}


@pytest.mark.parametrize(
    ("column", "type_", "expected"),
    [
        ("{x: zeros}", "float32", [0, 0]),
        ("{x: ones}", "uint8", [1, 1]),
        ("{x: 200}", "int64", [200, 200]),
        ("{x: [3, 4]}", "int32", [3, 4]),
        ("{x: {value: [0.5, 2]}}", "bfloat16", [0.5, 2]),
        ("{x: true}", "bool", [True, True]),
        ("{x: {value: hello}}", "string", ["hello", "hello"]),
        ("{x: {range: [7, 8]}}", "int64", [7, 7]),
    ],
)
def test_the_sheet_says_how_an_input_is_filled(column: str, type_: str, expected: list[Any]) -> None:
    declared = DeclaredInput("x", [2], type_, decides="the trip count of Loop")
    assert values(declared, column).tolist() == expected
    assert planned(declared, column).fill.words(type_)


def test_a_range_of_floats_is_uniform() -> None:
    array = values(DeclaredInput("x", [10_000]), "{x: {range: [0.5, 2]}}")
    assert 0.5 <= array.min() < 0.51
    assert 1.99 < array.max() <= 2


def test_values_come_from_files(tmp_path: Path) -> None:
    np.savez(tmp_path / "all.npz", x=np.array([1, 2]), y=np.array([3, 4]))
    np.save(tmp_path / "x.npy", np.array([5, 6]))
    declared = DeclaredInput("x", [2], "int64")
    assert values(declared, f"{{file: {tmp_path}/all.npz}}").tolist() == [1, 2]
    assert values(declared, f"{{x: {{file: {tmp_path}/all.npz}}}}").tolist() == [1, 2]
    assert values(declared, f"{{x: {{file: {tmp_path}/x.npy}}}}").tolist() == [5, 6]
    assert values(declared, f"{{file: {tmp_path}/all.npz, x: ones}}").tolist() == [1, 1]
    plan = planned(declared, f"{{x: {{file: {tmp_path}/x.npy}}}}")
    # What a file holds decides, not where it lies.
    assert str(tmp_path) not in str(feed.unusual([plan]))
    np.save(tmp_path / "x.npy", np.array([7, 8]))
    with pytest.raises(UserError, match="is another file than before"):
        feed.plan([declared], {}, {"x": plan.fill})


def test_optional_inputs_are_left_out_unless_the_sheet_fills_them() -> None:
    declared = DeclaredInput("x", [2], "float32", is_optional=True)
    assert feed.arrays([planned(declared)], 1) == {"x": None}
    assert values(declared, "{x: ones}").tolist() == [1, 1]


@pytest.mark.parametrize(
    ("declared", "column", "words"),
    [
        (DeclaredInput("n", [], "int64", decides="k of TopK"), "", r"decides k of TopK, so .*inputs: \{n: VALUE\}"),
        (DeclaredInput("x", [2], "complex64"), "", "of type complex64, which cannot be fed"),
        (DeclaredInput("x", (), "sequence"), "", "of type sequence, which cannot be fed"),
        (DeclaredInput("x", [2], "string"), "", "is a text"),
        (DeclaredInput("x", [2], "int64"), "{y: ones}", "unknown input 'y'. Allowed: x"),
        (DeclaredInput("x", [2], "int64"), "{x: one}", "unknown filling 'one'.*Did you mean 'ones'"),
        (DeclaredInput("x", [2], "int64"), "{x: normal}", "int64, which cannot be filled with normal"),
        (DeclaredInput("x", [2], "int64"), "{x: absent}", "is not optional"),
        (DeclaredInput("x", [2], "int64"), "{x: {range: [5, 5]}}", r"range: found \[5, 5\]"),
        (DeclaredInput("x", [2], "int64"), "{x: {range: [0, .inf]}}", "range: found"),
        (DeclaredInput("x", [2], "int64"), "{x: {range: [0, 1.5]}}", "whole numbers for int64"),
        (DeclaredInput("x", [2], "uint8"), "{x: {range: [0, 257]}}", "uint8 holds 0 to 255"),
        (DeclaredInput("x", [2], "bool"), "{x: {range: [0, 2]}}", "which has no range"),
        (DeclaredInput("x", [2], "bool"), "{x: 1}", "expected true and false"),
        (DeclaredInput("x", [2], "int64"), "{x: 1.5}", "found fractions"),
        (DeclaredInput("x", [2], "int64"), "{x: {value: text}}", "expected int64"),
        (DeclaredInput("x", [2], "int64"), "{x: [1, 2, 3]}", r"of shape \[3\], expected \[2\]"),
        (DeclaredInput("x", [2], "int64"), "{x: [[1], [2, 3]]}", "lists of unlike lengths"),
        (DeclaredInput("x", [2], "int64"), "{x: null}", "found None"),
        (DeclaredInput("x", [2], "int64"), "{x: {low: 1}}", r"found \{'low': 1\}"),
        (DeclaredInput("x", [2], "int64"), "[1]", "expected YAML in one line"),
        (DeclaredInput("x", [2], "int64"), "{1: ones}", "in quotes: '1'"),
        (DeclaredInput("x", [2], "float16"), "{x: {range: [0, 70000]}}", "float16 holds numbers up to 65504"),
        (DeclaredInput("x", [2]), "{x: .nan}", "found numbers from nan to nan"),
        (DeclaredInput("x", [2], "int64"), f"{{x: {{range: [0, {'9' * 400}]}}}}", "expected .low, high."),
        (DeclaredInput("x", [2], "int64", rows=9), "{x: {range: [0, 10]}}", "indexes a table of 9 rows"),
        (DeclaredInput("x", [2], "int64", rows=1), "{x: ones}", "indexes a table of 1 rows"),
        (DeclaredInput("x", [2]), "{x: {file: nowhere.npy}}", "nowhere.npy: cannot be read: No such file"),
        (DeclaredInput("x", [2]), "{file: nowhere.npz}", "nowhere.npz: cannot be read: No such file"),
        (DeclaredInput("x", [2]), f"{{x: {{file: {__file__}}}}}", "is no .npy or .npz file"),
    ],
)  # fmt: skip
def test_what_cannot_be_fed_is_refused(declared: DeclaredInput, column: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        planned(declared, column)


def test_an_archive_must_have_an_array_of_the_network(tmp_path: Path) -> None:
    np.savez(tmp_path / "all.npz", y=np.array([3, 4]), labels=np.array([3, 4]))
    with pytest.raises(UserError, match="unknown input 'y'"):
        planned(DeclaredInput("x", [2], "int64"), f"{{file: {tmp_path}/all.npz}}")
    np.savez(tmp_path / "pickled.npz", x=np.array([{}], object))
    with pytest.raises(UserError, match="file of numbers"):
        planned(DeclaredInput("x", [1], "int64"), f"{{file: {tmp_path}/pickled.npz}}")


def test_what_is_fed_is_described() -> None:
    declared = [
        DeclaredInput("ids", ["batch"], "int64", rows=100),
        DeclaredInput("x", ["batch", 3]),
        DeclaredInput("s", [2]),
        DeclaredInput("o", [2], is_optional=True),
    ]
    plan = feed.plan(declared, {"batch": 2}, {"s": Fill("value", value=[1, 2])})
    assert [tuple(each.values()) for each in feed.describe(plan)] == [
        ("ids", [2], "int64", "integers from 0 to 99"),
        ("x", [2, 3], "float32", "normal numbers"),
        ("s", [2], "float32", "[1, 2]"),
        ("o", [2], "float32", "left out"),
    ]
