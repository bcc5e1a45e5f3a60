"""Checks that the journal loses nothing, whenever its writer is killed."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perftransfer.errors import UserError
from perftransfer.measuring import journal
from perftransfer.measuring.journal import Journal
from perftransfer.package_path import package_path

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
RECORDS = st.dictionaries(st.text(), VALUES, max_size=5)


def measurement(configuration: str = "c", repeat: int = 0, **extra: Any) -> dict[str, Any]:
    return {
        "record": "measurement",
        "environment_digest": "e",
        "configuration_id": configuration,
        "repeat": repeat,
        "protocol": "v1",
        "status": "failed",
        "started_at": "2026-01-02T03:04:05.678+00:00",
        "options": {"threads": 2},
        **extra,
    }


def write(path: Path, *records: dict[str, Any]) -> None:
    with Journal(path) as writer:
        for record in records:
            writer.append(record)


@given(records=st.lists(RECORDS, max_size=5))
def test_what_is_appended_is_read(tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, Any]]) -> None:
    path = tmp_path_factory.mktemp("journal") / "new" / "folder" / "e.jsonl"
    write(path, *records[:2])
    write(path, *records[2:])
    assert journal.read(path) == records


def test_a_record_is_in_the_file_as_soon_as_it_is_appended(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    with Journal(path) as writer:
        writer.append({"a": 1})
        assert journal.read(path) == [{"a": 1}]


def test_a_missing_journal_holds_nothing(tmp_path: Path) -> None:
    assert journal.read(tmp_path / "nowhere.jsonl") == []


def test_a_kill_at_any_byte_of_the_last_record_loses_no_other(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    before, last, after = [{"a": 1}, {"b": "é"}], measurement(text="ünïcode", latency_ms=[1.5, 2.25]), {"after": True}
    write(path, *before)
    start = path.stat().st_size
    write(path, last)
    whole = path.read_bytes()
    for size in range(start, len(whole) + 1):
        path.write_bytes(whole[:size])
        # Without its line's end only, the record is whole.
        expected = [*before, last] if size >= len(whole) - 1 else before
        assert journal.read(path) == expected
        write(path, after)
        assert journal.read(path) == [*expected, after]


def test_what_is_no_record_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    path.write_bytes(b'\x00\x00\x00\n\xff\xfe\n[1]\n3\n\n{"a":1}\n')
    assert journal.read(path) == [{"a": 1}]


def test_a_number_that_json_has_not_is_refused_and_leaves_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    with Journal(path) as writer:
        with pytest.raises(ValueError, match="JSON"):
            writer.append({"latency_ms": [float("nan")]})
        writer.append({"a": 1})
    assert journal.read(path) == [{"a": 1}]


def test_a_second_writer_is_refused_and_the_journal_stays_readable(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    with Journal(path) as writer:
        writer.append({"a": 1})
        with pytest.raises(UserError, match=r"e\.jsonl: another process is measuring"), Journal(path):
            pass
        writer.append({"a": 2})
    write(path, {"a": 3})
    assert [record["a"] for record in journal.read(path)] == [1, 2, 3]


def test_a_writer_in_another_process_is_refused_and_a_killed_one_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    code = (
        "import sys, time; from pathlib import Path; from perftransfer.measuring.journal import Journal\n"
        "with Journal(Path(sys.argv[1])) as j:\n    j.append({'a': 1}); print('open', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, env={"PYTHONPATH": package_path()}
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(UserError, match="another process"), Journal(path):
            pass
        other.kill()
    write(path, {"a": 2})
    assert [record["a"] for record in journal.read(path)] == [1, 2]


def test_a_closed_journal_takes_nothing(tmp_path: Path) -> None:
    writer = Journal(tmp_path / "e.jsonl")
    with pytest.raises(ValueError, match="not open"):
        writer.append({"a": 1})


def test_of_doubles_the_first_counts_and_other_records_are_no_measurements() -> None:
    first, second, other = measurement(n=1), measurement(n=2), measurement(repeat=1, n=3)
    result = journal.measurements([{"record": "host", "environment_digest": "e"}, first, second, other])
    assert list(result.values()) == [first, other]
    assert list(result) == [("e", "c", 0, "v1", 0), ("e", "c", 1, "v1", 0)]


def test_each_line_is_one_json_object(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    write(path, {"text": "two\nlines"}, {"a": 1})
    assert [json.loads(line) for line in path.read_text().splitlines()] == [{"text": "two\nlines"}, {"a": 1}]


DAMAGED = {
    "": "is not valid JSON",
    "no options": "has no options",
    "time": "started_at is 'yesterday'",
    "no latency": "has the status ok and no latency_ms",
    "truth": "repeat is true",
    "deep": "is not valid JSON",
    "surrogate": "is not valid Unicode",
    "shape": 'fed is {"fp32": [{"name": "x", "shape": [-1]}]}',
}


def damaged_line(damage: str) -> bytes:
    record = measurement(latency_ms=[1.0])
    if damage == "no options":
        del record["options"]
    elif damage == "time":
        record["started_at"] = "yesterday"
    elif damage == "no latency":
        record |= {"status": "ok", "latency_ms": []}
    elif damage == "truth":
        record["repeat"] = True
    elif damage == "shape":
        record = {"record": "host", "environment_digest": "e", "fed": {"fp32": [{"name": "x", "shape": [-1]}]}}
    elif damage == "surrogate":
        record["error"] = "\ud800"
    line = json.dumps(record).encode()
    return {"": line[:-20], "deep": b"[" * 100_000}.get(damage, line)


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_line_is_skipped_counted_and_named(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "e.jsonl"
    whole = measurement("d")
    path.write_bytes(b"\n".join([json.dumps(whole).encode(), damaged_line(damage), json.dumps(whole).encode(), b""]))
    content = journal.contents(path)
    assert content.records == [whole, whole]
    assert content.lines == [1, 3]
    assert content.damaged == {2: DAMAGED[damage]}
    assert journal.damage(path, content.damaged) == f"{path}: 1 damaged line was skipped: line 2 {DAMAGED[damage]}"


def test_of_many_damaged_lines_the_first_are_named(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    path.write_bytes(b"torn\n" * 8)
    text = journal.damage(path, journal.contents(path).damaged)
    assert "8 damaged lines were skipped: line 1 is" in text
    assert text.endswith("3 more up to line 8")


@pytest.mark.parametrize(
    "impossible",
    [
        {"latency_ms": [1.0, 0]}, {"latency_ms": [-1.0]}, {"latency_ms": [float("nan")]}, {"latency_ms": ["1"]},
        {"latency_ms": [True]}, {"energy_mj": 0}, {"peak_memory_mib": -1}, {"external_cpu_share": 1.5},
        {"throttle_events": -1}, {"warmup_n": 2.5}, {"latency_ms": [10**400]}, {"open_ms": float("inf")},
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_is_refused_with_its_line(tmp_path: Path, impossible: dict[str, Any]) -> None:
    path = tmp_path / "e.jsonl"
    path.write_text("\n" + json.dumps(measurement(**impossible)) + "\n")
    with pytest.raises(UserError, match=rf"e\.jsonl: line 2: {next(iter(impossible))} is .*; .* Delete the line"):
        journal.read(path)


def test_options_that_contradict_their_id_are_refused_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    write(path, measurement("d"), measurement("c", options={"threads": 4}))
    records = list(journal.measurements(journal.read(path)).values())
    journal.check_options(path, records, {"c": {"threads": 4}, "unmeasured": {}})
    with pytest.raises(UserError, match=r"line 2: options contradict the configuration_id c: threads is 4, not 2\."):
        journal.check_options(path, records, {"c": {"threads": 2}})


def test_a_file_system_without_locks_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(file: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("perftransfer.measuring.journal.fcntl.flock", no_locks)
    with pytest.raises(UserError, match=r"j\.jsonl: this file system has no locks \(No locks available\)"):
        write(tmp_path / "j.jsonl", measurement())


def test_who_is_writing_is_told_by_its_node(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    write(path, {"record": "host", "environment_digest": "e", "node": "node7"})
    with Journal(path), pytest.raises(UserError, match=r"another process .* \(its last writer was on node7\)"):
        write(path, measurement())


def test_what_another_journal_holds_is_taken_over_once_and_by_the_same_protocol(tmp_path: Path) -> None:
    host = {"record": "host", "environment_digest": "e", "cpus": 2}
    other = [
        host, measurement("c", 0, latency_ms=[1.0]), measurement("c", 1), measurement("d", protocol="v0"),
        measurement("d", environment_digest="f"), {**measurement(), "record": "sentinel"},
        measurement("nobody asked for this"),
    ]  # fmt: skip
    path = tmp_path / "e.jsonl"
    existing = measurement("c", 1, status="ok", latency_ms=[2.0])
    write(path, existing)
    for _ in range(2):
        with Journal(path) as writer:
            writer.take_over(other, "e", "v1", {"c", "d", "x"})
    assert journal.read(path) == [existing, host, other[1]]
    with Journal(path) as writer:
        writer.take_over([host, measurement("x", environment_digest="g")], "e", "v1", {"c", "d", "x"})
    assert len(journal.read(path)) == 3


def test_records_of_earlier_versions_are_read_under_the_present_names(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    path.write_text(json.dumps(measurement(others_cpu_share=0.25)) + "\n")
    assert journal.read(path) == [measurement(external_cpu_share=0.25)]
