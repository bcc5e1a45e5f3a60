"""The files that a figure is saved as."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import pytest
import tables

from perftransfer import figures

DRAWN_ELSEWHERE = """
import sys; from pathlib import Path; import test_files
test_files.save_all(Path(sys.argv[1]))
"""


def save_all(folder: Path) -> None:
    """Save one figure in all forms, and of the others the SVG, which tells of all that was drawn and is soon made."""
    study, metadata = tables.small(), figures.METADATA
    for name in figures.names():
        figures.METADATA = metadata if name == "noise" else {"svg": metadata["svg"]}
        figure = figures.CATALOGUE.load(name)()
        figures.save(figure.draw_or_explain(study, "latency_ms"), folder / name)


def test_same_tables_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In another process with other hashes, and under settings of the user's own."""
    (tmp_path / "there").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.setattr(figures, "METADATA", figures.METADATA)  # to be set back
    environment = {"PYTHONPATH": f"workflow:tests:{Path(__file__).parent}", "PYTHONHASHSEED": "1"}
    command = [sys.executable, "-c", DRAWN_ELSEWHERE, str(tmp_path / "there")]
    with subprocess.Popen(command, env=environment) as other:
        with mpl.rc_context({"font.family": "serif", "lines.linewidth": 9, "svg.fonttype": "none"}):
            save_all(tmp_path / "here")
        assert other.wait() == 0
    files = sorted((tmp_path / "here").iterdir())
    assert len(files) == len(figures.names()) + 2
    for path in files:
        assert path.read_bytes() == (tmp_path / "there" / path.name).read_bytes(), path.name


def test_saved_twice_same_bytes_and_no_dates(tmp_path: Path) -> None:
    figure = figures.CATALOGUE.load("noise")()
    drawn = figure.draw_or_explain(tables.study(2), "latency_ms")
    first, second = figures.save(drawn, tmp_path / "a.b"), figures.save(drawn, tmp_path / "c")
    assert [path.name for path in first] == ["a.b.pdf", "a.b.svg", "a.b.png"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert b"CreationDate" not in first[0].read_bytes()
    assert b"<dc:date>" not in first[1].read_bytes()
    assert b"Software" not in first[2].read_bytes()
    assert "emulated" in first[1].read_text(encoding="utf-8")


def test_a_failed_save_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.figure import Figure

    def breaks(self: Figure, path: Path, **_: object) -> None:
        path.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(Figure, "savefig", breaks)
    figure = figures.CATALOGUE.load("noise")()
    with pytest.raises(OSError, match="disk full"):
        figures.save(figure.draw_or_explain(tables.study(2), "latency_ms"), tmp_path / "noise")
    assert list(tmp_path.iterdir()) == []
