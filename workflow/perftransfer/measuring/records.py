"""What crosses a process or lies in a journal while an environment is measured: JSON objects with these keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict

from perftransfer.levels import Level
from perftransfer.measuring.feed import FedInput


class Request(TypedDict):
    """What a measuring process is asked for.

    files: path of the network by precision. feeds: what its inputs are fed, by precision: ``feed.PlannedInput`` as
    plain values. protocol: the fields of ``Protocol``. gpu: number of the GPU whose energy is counted.
    memory_limit_mib: None for no limit.
    """

    gpu: int
    memory_limit_mib: int | None
    files: Mapping[str, str]
    feeds: Mapping[str, Sequence[object]]
    workload: Mapping[str, int]
    options: Mapping[str, Level | None]
    protocol: Mapping[str, object]
    seed: int


class Energy(TypedDict, total=False):
    """Energy of an inference, see ``energy.per_inference``."""

    energy_mj: float | None
    energy_missing: str | None
    energy_covers: str
    energy_resolution: float | None
    energy_n: int


class CpuReport(TypedDict, total=False):
    """What the CPUs report of the time of the inferences, see ``protocol.Timing``; None where nothing is known."""

    external_cpu_share: float | None
    steal_cpu_share: float | None
    throttle_events: int | None
    throttled_periods: int | None
    cpu_mhz: float | None
    cpu_mhz_change: float | None


class _Status(TypedDict):
    status: str
    error: str | None


class Outcome(_Status, Energy, CpuReport, total=False):
    """What became of a measurement; a successful one has all values but those that are not known or not asked for.

    series: what the session timed besides latencies, by objective (``Session.take_series``).
    """

    latency_ms: list[float]
    series: dict[str, list[float]]
    warmup_n: int
    warmup_ms: float
    steady: bool
    relative_ci: float | None
    stopped: str
    open_ms: float
    peak_memory_mib: float


class JudgedOutcome(Outcome):
    """An outcome, and whether the measurement was disturbed; None where nothing is known."""

    disturbed: bool | None


class Subject(TypedDict):
    """What is measured: a configuration in an environment, by a protocol."""

    environment_digest: str
    configuration_id: str
    protocol: str
    environment: str
    started_at: str
    options: dict[str, Level | None]
    timeout_seconds: float


class Measurement(Subject, JudgedOutcome):
    """A measurement in a journal."""

    record: Literal["measurement"]
    repeat: int
    attempt: int
    order: int


class Sentinel(Subject, JudgedOutcome):
    """A measurement of the sentinel configuration, which only watches the machine."""

    record: Literal["sentinel"]


class Host(TypedDict):
    """Description of a machine, see ``fingerprint.host``."""

    node: str
    instruction_sets: list[str]
    caches: dict[str, str]
    governor: str | None
    gpus: list[str]
    gpu_driver: str | None
    container: str | None
    processor: str
    architecture: str
    cpus: int
    usable_cpus: int
    cpu_quota: float | None
    memory_gib: float | None
    memory_limit_gib: float | None
    virtual_machine: bool
    system: str
    python: str


class _HostRecord(Host):
    record: Literal["host"]
    environment_digest: str
    versions: dict[str, str]


class HostRecord(_HostRecord, total=False):
    """The machine of the measurements that follow.

    settings: of the hardware, as they were read back. fed: what the network's inputs got, by the network's precision.
    """

    settings: dict[str, str]
    fed: dict[str, list[FedInput]]


#: A line of a journal.
Record = Measurement | Sentinel | HostRecord
