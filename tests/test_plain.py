"""Values as plain ones and back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypedDict

import pytest

from perftransfer.plain import from_plain, to_plain


@dataclass(frozen=True)
class Stop:
    seconds: float
    patience: int | None = None


@dataclass(frozen=True)
class Job:
    name: str
    folder: Path
    stop: Stop
    levels: Mapping[str, bool | int | float | str]
    repeats: tuple[int, ...]
    bounds: tuple[int, float] = (0, 0.5)
    objectives: Sequence[str] = ()
    direction: Literal["minimise", "maximise"] = "minimise"
    stops: Mapping[str, Sequence[Stop]] | None = None


class Line(TypedDict, total=False):
    status: str
    latencies: list[float]


JOB = Job(
    name="measure", folder=Path("results/x"), stop=Stop(2.0), levels={"threads": 1, "fast": True, "precision": "int8"},
    repeats=(1, 2), bounds=(1, 2.5), objectives=("latency_ms",), direction="maximise",
    stops={"a": (Stop(1.0, 3), Stop(0.5))},
)  # fmt: skip
PLAIN = to_plain(JOB)


def test_dataclasses_come_back_equal_from_json():
    assert from_plain(Job, json.loads(json.dumps(PLAIN))) == JOB


def test_plain_values_are_those_of_json():
    assert json.loads(json.dumps(PLAIN)) == PLAIN
    assert PLAIN["folder"] == "results/x"
    assert PLAIN["stops"] == {"a": [{"seconds": 1.0, "patience": 3}, {"seconds": 0.5, "patience": None}]}


def test_levels_keep_their_types():
    levels = from_plain(Job, PLAIN).levels
    assert levels["fast"] is True
    assert type(levels["threads"]) is int


def test_missing_keys_take_the_default_of_their_field():
    assert from_plain(Stop, {"seconds": 1}) == Stop(1)


def changed(**values: Any) -> dict[str, Any]:
    return {**PLAIN, **values}


@pytest.mark.parametrize(
    ("value", "error", "named"),
    [
        (changed(colour="red"), ValueError, "unknown key of Job: job.colour"),
        ({key: value for key, value in PLAIN.items() if key != "stop"}, ValueError, "missing key of Job: job.stop"),
        (changed(stop={"seconds": 1, "patience": "two"}), TypeError, "job.stop.patience: must be int"),
        (changed(stop={"secs": 1}), ValueError, "unknown key of Stop: job.stop.secs"),
        (changed(stop=[1]), TypeError, "job.stop: must be a mapping"),
        (changed(repeats=[1, 2.5]), TypeError, r"job.repeats\[1\]: must be int"),
        (changed(repeats=[1, True]), TypeError, r"job.repeats\[1\]: must be int"),
        (changed(repeats="12"), TypeError, "job.repeats: must be a list"),
        (changed(bounds=[1]), ValueError, "job.bounds: must have 2 items, has 1"),
        (changed(levels={"threads": None}), TypeError, "job.levels.threads: must be bool or int or float or str"),
        (changed(levels={1: 2}), TypeError, "job.levels: must have keys of text"),
        (changed(direction="up"), ValueError, "job.direction: is 'up', allowed: 'minimise', 'maximise'"),
        (changed(folder=3), TypeError, "job.folder: must be str"),
        (changed(stops={"a": [{"seconds": None}]}), TypeError, r"job.stops.a\[0\].seconds: must be float"),
        (None, TypeError, "job: must be a mapping"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_by_its_path(value, error, named):
    with pytest.raises(error, match=named):
        from_plain(Job, value, "job")


def test_typed_dictionaries_are_checked_as_well():
    assert from_plain(Line, {"latencies": [1.0, 2]}) == {"latencies": [1.0, 2]}
    with pytest.raises(TypeError, match=r"latencies\[0\]: must be float"):
        from_plain(Line, {"latencies": ["1"]})
    with pytest.raises(ValueError, match="unknown key of Line: state"):
        from_plain(Line, {"state": "ok"})


@pytest.mark.parametrize("value", [b"bytes", {1, 2}, {1: "key"}, object()])
def test_only_what_can_be_read_back_is_made_plain(value):
    with pytest.raises(TypeError):
        to_plain(value)
