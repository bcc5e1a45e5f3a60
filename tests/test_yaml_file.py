from __future__ import annotations

from pathlib import Path

import pytest

from perftransfer import yaml_file
from perftransfer.errors import UserError

# 10^8 values in nine lines.
BOMB = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 9))


@pytest.fixture
def write(tmp_path: Path):
    def write(content: str | bytes) -> Path:
        path = tmp_path / "study.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_a_mapping_is_read_with_its_types(write):
    text = "study: größe\nbudgets: [5, 10]\nscale: log\nspinning: true\nshare: 0.5\nnothing:\n"
    assert yaml_file.read(write(text)) == {
        "study": "größe", "budgets": [5, 10], "scale": "log", "spinning": True, "share": 0.5, "nothing": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "off",
        "on",
        "yes",
        "no",
        "Y",
        "1:30",
        "010",
        "008",
        "1_000",
        "0x1F",
        "0o17",
        "2026-02-28",
        "=",
        "1.2.3",
        "1e",
        "NA",
        "None",
    ],
)  # fmt: skip
def test_names_stay_as_they_are_written_and_are_written_so_that_they_stay(write, text: str) -> None:
    assert yaml_file.read(write(f"a: {text}\n")) == {"a": text}
    assert yaml_file.read(write(yaml_file.dump({"a": text}))) == {"a": text}


@pytest.mark.parametrize(
    ("text", "number"),
    [("1e3", 1000.0), ("2e0", 2.0), ("-1.5e-3", -0.0015), (".5", 0.5), ("1.", 1.0), ("1.10", 1.1), ("+5", 5), ("0", 0)],
)
def test_numbers_are_decimal(write, text: str, number: float) -> None:
    read = yaml_file.read(write(f"a: {text}\n"))["a"]
    assert (read, type(read)) == (number, type(number))
    assert yaml_file.read(write(yaml_file.dump({"a": text})))["a"] == text


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3: duplicate key 'a'"),
        ("a:\n  x: 1\n  y: 2\n  x: 1\n", "line 4: duplicate key 'x'"),
        ("a: {x: 1, x: 2}\n", "line 1: duplicate key 'x'"),
        ("a: 1\nb: [1, 2\nc: 3\n", "line 3: "),
        ("a: 1\nb: c: d\n", "line 2: mapping values are not allowed here"),
        ("a: 1\n\tb: 2\n", "line 2: "),
        ("a: 1\nb: *other\n", "line 2: found undefined alias"),
        ("a: 1\nb: !!python/object/apply:os.system [ls]\n", "line 2: could not determine a constructor"),
        ("a: 1\n? [1, 2]\n: 3\n", "line 2: found unhashable key"),
        ("a: 1\nday: !!timestamp 2026-02-30\n", "line 2: '2026-02-30' is not a valid timestamp"),
        ("a: 1\nb: !!int many\n", "line 2: 'many' is not a valid int"),
        ("a: 1\n---\nb: 1\n", "line 2: "),
        ("- 1\n- 2\n", "found a list, expected a mapping"),
        ("just text\n", "found 'just text', expected a mapping"),
        ("", "is empty, expected a mapping"),
        (b"a: \xff\n", "not UTF-8"),
        ("a: &a [1, *a]\n", "line 1: a value that contains itself"),
        ("a: &a {b: *a}\n", "line 1: a value that contains itself"),
        ("a: " + "[" * 5000, "nested too deeply"),
        ("a: " + "[" * 5000 + "]" * 5000, "nested too deeply"),
        (BOMB, "more than 200000 values, with those that aliases repeat"),
        (BOMB.replace("[", "{x: [").replace("]", "]}"), "more than 200000 values"),
        ("a: " + "9" * 5000, "is not a valid int"),
        ("a: \x00\n", "special characters are not allowed"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(write, content, expected):
    path = write(content)
    with pytest.raises(UserError) as caught:
        yaml_file.read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert expected in str(caught.value)


def test_a_file_that_is_missing_or_a_folder_is_named(tmp_path):
    for path in (tmp_path / "missing.yaml", tmp_path):
        with pytest.raises(UserError, match="cannot be read") as caught:
            yaml_file.read(path)
        assert str(path) in str(caught.value)


def test_keys_taken_over_from_another_mapping_may_be_overridden(write):
    text = "one: &one {file: a.csv, batch: 1}\ntwo:\n  <<: *one\n  file: b.csv\n"
    assert yaml_file.read(write(text))["two"] == {"file": "b.csv", "batch": 1}
