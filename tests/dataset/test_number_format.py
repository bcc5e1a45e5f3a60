"""How numbers of tables are read: never as another number in silence."""

from __future__ import annotations

import pytest

from perftransfer.dataset.number_format import NumberFormat, guess
from perftransfer.errors import UserError


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1.5", "2", ".5", "1e3", "-2"], [1.5, 2, 0.5, 1000, -2]),
        (["1,350.0", "675.0"], [1350, 675]),
        (["1,350", "675.5"], [1350, 675.5]),
        (["1,234,567", "12"], [1234567, 12]),
        (["1,5", "2"], [1.5, 2]),
        (["0,333", "1,333"], [0.333, 1.333]),
        (["1.234,5", "1.234"], [1234.5, 1234]),
        (["1.234.567", "1.234"], [1234567, 1234]),
        (["1 350.5", "12"], [1350.5, 12]),
        (["1\u202f350,5", "12"], [1350.5, 12]),
        (["1'350", "12.5"], [1350, 12.5]),
        (["timeout", "12.5"], [None, 12.5]),
        # They contradict each other, so a cell with a comma is not a number.
        (["0.08", "1,5"], [0.08, None]),
    ],
)
def test_the_separators_are_found_out_where_numbers_can_be_read_in_one_way_only(
    cells: list[str], numbers: list[float | None]
) -> None:
    found = guess(cells, "t.csv", None, None)
    assert [found.parse(cell) for cell in cells] == numbers


@pytest.mark.parametrize("cells", [["1,350", "675"], ["10,333", "2,500"]])
def test_numbers_that_can_be_read_in_two_ways_are_an_error_that_says_what_to_write(cells: list[str]) -> None:
    with pytest.raises(UserError, match=r"t\.csv: '1.*' may be .* thousands: ',' or decimal: ','"):
        guess(cells, "t.csv", None, None)


def test_points_between_semicolons_may_separate_thousands() -> None:
    with pytest.raises(UserError, match=r"'1\.350' may be 1350 or 1\.350, .* thousands: '\.' or decimal: '\.'"):
        guess(["1.350", "675"], "t.csv", None, None, semicolons=True)
    assert guess(["1.350", "675"], "t.csv", None, None).parse("1.350") == 1.35
    assert guess(["1.35", "675"], "t.csv", None, None, semicolons=True).parse("1.35") == 1.35


@pytest.mark.parametrize(
    ("decimal", "thousands", "number"), [(None, ",", 1350), (",", None, 1.35), (None, ".", 1.35), (".", ",", 1350)]
)
def test_the_study_decides(decimal: str | None, thousands: str | None, number: float) -> None:
    assert guess(["1,350", "675"], "t.csv", decimal, thousands).parse("1,350") == number


def test_groups_of_other_than_three_digits_are_no_numbers() -> None:
    form = NumberFormat(".", ",")
    assert [form.parse(text) for text in ("1,35", "1,3500", "13,50.0", ",350", "0,350", "1,350,5")] == [None] * 6
    assert NumberFormat(",").parse("1.350") is None
    assert NumberFormat().parse("１") is None
