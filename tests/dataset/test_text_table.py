"""Tables of others: how cells are separated, where the header is, what is no row; all as text."""

from __future__ import annotations

import bz2
import gzip
import lzma
from pathlib import Path

import pandas as pd
import pytest

from perftransfer.dataset import text_table
from perftransfer.dataset.params import TableFormat
from perftransfer.dataset.text_table import TextTable
from perftransfer.errors import UserError

COLUMNS = ("threads", "opt", "t")
PLAIN = "threads,opt,t\n1,a,1.10\n2,b,010\n"


def read(folder: Path, content: str | bytes, name: str = "t.csv", **form: object) -> TextTable:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return text_table.read(path, COLUMNS, TableFormat(**form))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "remark"),
    [
        (PLAIN, None),
        (PLAIN.replace(",", ";"), "cells are separated by semicolons"),
        (PLAIN.replace(",", "\t"), "cells are separated by tabs"),
        (PLAIN.replace(",", " | "), "cells are separated by bars"),
        (PLAIN.replace(",", "   "), "cells are separated by spaces"),
        (PLAIN.replace(",", ", "), None),
        (PLAIN.replace("\n", "\r\n"), None),
        ("threads,opt,t\n1,a,1.10,\n2,b,010,\n", None),
        ("\ufeff" + PLAIN, None),
        ("# measured on a board, 3 runs each\n" + PLAIN, "line 1 is a comment"),
        ("# " + PLAIN, None),
        ("Results of June\n\n" + PLAIN, "lines 1 to 2 before the header are no rows"),
        (PLAIN + "\n\n", None),
        (PLAIN + "Total: 2 rows\n", "line 4 below the last row is no row"),
        (PLAIN + "threads,opt,t\n", "the header is repeated in line 4"),
        ('"threads","opt","t"\n"1","a","1.10"\n2,b,"010"\n', None),
    ],
)
def test_a_table_is_read_however_it_is_written_and_it_is_said_how(
    tmp_path: Path, content: str, remark: str | None
) -> None:
    table = read(tmp_path, content)
    assert [list(table.frame[name]) for name in COLUMNS] == [["1", "2"], ["a", "b"], ["1.10", "010"]]
    assert list(table.remarks) == ([f"t.csv: {remark}"] if remark else [])


def test_rows_are_named_by_number_and_line(tmp_path: Path) -> None:
    table = read(tmp_path, '# one\n\nthreads,opt,t\n1,"a\nb",2\n\n2,b,3\n')
    assert list(table.frame["opt"]) == ["a\nb", "b"]
    assert [table.row(i) for i in (0, 1)] == ["row 1 (line 4)", "row 2 (line 7)"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_says_the_encoding(tmp_path: Path, encoding: str) -> None:
    assert list(read(tmp_path, PLAIN.replace("a", "ä").encode(encoding)).frame["opt"]) == ["ä", "b"]


def test_the_study_says_what_cannot_be_found_out(tmp_path: Path) -> None:
    assert list(read(tmp_path, PLAIN.replace("a", "ä").encode("latin-1"), encoding="latin-1").frame["opt"]) == [
        "ä",
        "b",
    ]
    with_comments = read(tmp_path, "% x\n" + PLAIN + "% y, z, 1\n3,c,4\n", comment="%")
    assert list(with_comments.frame["opt"]) == ["a", "b", "c"]
    assert list(with_comments.remarks) == ["t.csv: line 1 is a comment", "t.csv: 1 comment line left out"]
    assert list(read(tmp_path, "threads,opt,t\n" + PLAIN, skip_rows=1).frame["t"]) == ["1.10", "010"]
    assert list(read(tmp_path, PLAIN.replace(",", ":"), separator=":").frame["opt"]) == ["a", "b"]


@pytest.mark.parametrize(("name", "compress"), [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)])
def test_a_table_may_be_compressed_and_a_broken_file_is_one_message(tmp_path: Path, name: str, compress) -> None:
    content = compress(PLAIN.encode())
    assert list(read(tmp_path, content, f"t.csv.{name}").frame["opt"]) == ["a", "b"]
    for broken in (content[:-9], content[:6] + b"xxxx", b"\x1f\x8bxxxx", content[:12] + b"\xff" * 8 + content[20:]):
        with pytest.raises(UserError, match=f"t.csv.{name}: not a readable"):
            read(tmp_path, broken, f"t.csv.{name}")


def test_a_small_file_that_holds_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_table, "MAX_BYTES", 2**10)
    with pytest.raises(UserError, match=r"t\.csv\.gz: holds more than"):
        read(tmp_path, gzip.compress(b"a,b\n" * 2**20), "t.csv.gz")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it has no header"),
        (b"threads,opt,t\n1,a,1,5\n2,b,3\n", r"line 2 has 4 cells, the header has 3 \(threads, opt, t\)"),
        (b"threads,opt,t\n1,a\n2,b,3\n", "line 2 has 2 cells, the header has 3"),
        (b"threads,opt,t\n# x,y\n2,b,3\n", "line 2 has 2 cells, .*; if it is a comment, say so .* comment: '#'"),
        (b'threads,opt,t\n1,"a,2\n2,b,3\n', "line 3: unexpected end of data"),
        (b"threads,opt,t\n1,\xff,3\n", "line 2: not UTF-8 text; say its encoding .* encoding: latin-1"),
        (b"threads,opt,t\n1,\0,3\n", "line 2: not text"),
    ],
)
def test_what_is_no_table_is_one_message_that_names_the_line(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(UserError, match=rf"t\.csv: not a readable CSV file: {message}"):
        read(tmp_path, content)


def test_a_column_that_is_there_twice_is_refused_where_it_is_needed(tmp_path: Path) -> None:
    table = read(tmp_path, "threads,opt,t,x,x\n1,a,2,3,4\n")
    assert list(table.column("opt").texts) == ["a"]
    with pytest.raises(UserError, match=r"t\.csv: 2 columns are called 'x'"):
        table.column("x")


def test_what_a_parquet_file_holds_is_written_as_text(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"a": [1.0, 2.5, None], "b": [True, False, True], "c": ["1.10", None, "x"], "d": [[1], [2], []]}
    )
    frame.to_parquet(tmp_path / "t.parquet")
    table = text_table.read(tmp_path / "t.parquet")
    assert [list(table.column(name).at([0, 1, 2])) for name in "abc"] == [  # type: ignore[arg-type]
        ["1", "2.5", ""],
        ["true", "false", "true"],
        ["1.10", "", "x"],
    ]
    with pytest.raises(UserError, match="column d: its cells are lists"):
        table.column("d")
