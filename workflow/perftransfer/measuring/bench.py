"""Measure the configurations of an environment that its journal lacks, in random order, one process each."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import cast

from perftransfer.errors import UserError
from perftransfer.measuring import engines, fingerprint, hardware, journal, networks, same_hardware
from perftransfer.measuring.engines.interface import Engine, Options
from perftransfer.measuring.hardware import background_load, instruction_set, placement
from perftransfer.measuring.interference import CLOCK_CHANGED_ABOVE, DISTURBED_ABOVE
from perftransfer.measuring.isolation import MeasuringServer
from perftransfer.measuring.protocol import Protocol
from perftransfer.measuring.records import (
    Host,
    HostRecord,
    JudgedOutcome,
    Measurement,
    Outcome,
    Request,
    Sentinel,
    Subject,
)
from perftransfer.measuring.same_hardware import Identity
from perftransfer.measuring.server import measure
from perftransfer.plain import to_plain
from perftransfer.progress import Progress

# Share of the machine's memory; a measurement that needs more fails, and the machine survives.
_MEMORY_SHARE = 0.9

#: File with the original settings of the hardware while others are applied, one for the machine.
HARDWARE_STATE = Path("/var/tmp/perftransfer/hardware.json")

# Measurements between two of the sentinel: it costs 4 % of the time.
_SENTINEL_EVERY = 25


@dataclass(frozen=True)
class MeasureParams:
    """What a job measures, and how; no digest of code is in here, so that no edit measures again.

    precisions: for which there is a file of the network. reuse_journals_from: journal of another study; what it holds
    of this environment is not measured again. The others: see ``Environment`` and ``measure_environment``.
    """

    engine: str
    network: str
    network_version: int
    cores: int | str
    workload: Mapping[str, int]
    seed: int
    hardware_settings: str
    hardware: str
    identity: Identity
    precisions: Sequence[str]
    repeats: int
    retries: int
    protocol: Protocol
    reuse_journals_from: Path | None = None


@dataclass(frozen=True)
class Environment:
    """What is measured, from the environment sheet.

    cores: number of CPUs, or "all" that this process may use.
    files: path of the network by precision; ``network_version`` says which network they hold.
    workload: sizes of the input. hardware_settings: as the sheet has them (``hardware.parse``). hardware: its name, ""
    for any; identity: what is known of it beforehand. dimension_names: of the network's inputs, by precision and input,
    "" for a dimension without a name; ``remote.pack`` writes them for boards, which cannot read the network's file.
    """

    name: str
    engine: str
    network: str
    network_version: int
    cores: int | str
    workload: Mapping[str, int]
    files: Mapping[str, str]
    seed: int
    hardware_settings: str = ""
    hardware: str = ""
    identity: Identity = field(default_factory=Identity)
    dimension_names: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, params: MeasureParams, networks: Sequence[str]) -> Environment:
        """Take it from the parameters of a job; ``networks`` are the files of its precisions."""
        return cls(
            name=name,
            engine=params.engine,
            network=params.network,
            network_version=params.network_version,
            cores=params.cores,
            workload=params.workload,
            files=dict(zip(params.precisions, networks, strict=True)),
            seed=params.seed,
            hardware_settings=params.hardware_settings,
            hardware=params.hardware,
            identity=params.identity,
        )

    def with_dimension_names(self) -> Environment:
        """Return this environment with the names that its network's files give; needs the library onnx.

        Raises UserError if a file cannot be read.
        """
        names = {precision: networks.dimension_names(Path(path)) for precision, path in self.files.items()}
        return replace(self, dimension_names=names)

    def cpus(self) -> list[int]:
        """CPUs to measure on: the last ones, since the first one usually serves the machine's interrupts.

        Raises UserError if there are too few.
        """
        named = placement.cpus_of(hardware.parse(self.hardware_settings))
        if named is not None:
            return named
        usable = fingerprint.usable_cpus()
        if self.cores == "all":
            return usable
        if int(self.cores) > len(usable):
            raise UserError(f"environment {self.name}: needs {self.cores} cores, {len(usable)} can be used here")
        return usable[-int(self.cores) :]

    def digest(self, versions: Mapping[str, str], host: Host) -> str:
        """Stand for all that makes a measurement one of *this* environment: machine, engine, network, workload."""
        facts: dict[str, object] = {
            "host": fingerprint.identity(host),
            "cores": len(self.cpus()),
            "engine": {self.engine: dict(versions)},
            "network": [self.network, self.network_version, self.seed],
            "workload": dict(self.workload),
        }
        if self.hardware_settings:
            facts["settings"] = sorted(self.hardware_settings.split())
        return fingerprint.digest(facts)


def measure_environment(
    environment: Environment,
    configurations: Mapping[str, Options],
    *,
    repeats: int,
    protocol: Protocol,
    journal_path: Path,
    seed: int,
    retries: int = 0,
    reuse_journals_from: Path | None = None,
    root: Path = Path("/"),
    state: Path = HARDWARE_STATE,
) -> list[Measurement]:
    """Measure every configuration ``repeats`` times, in processes of its own, unless the journal holds it already.

    configurations: options by ``configuration_id``. seed: of the order, random over configurations and repeats, so
    that a drift of the machine falls on all alike. retries: how often a disturbed measurement is repeated, after all
    others; its record stays. reuse_journals_from: journal of another study; its measurements of the same environment
    are copied. root, state: see ``hardware.applied``.

    Settings of the hardware apply from the first measurement to the last, and are restored then. If they cannot be
    applied, every measurement is a record with the status ``not_applied``, and is tried again by the next call.

    The first configuration is also the sentinel: it is measured before, after and at intervals in between, to see
    whether the machine stays the same (``journal.sentinels``).

    Raises UserError, before anything is measured, if this machine is not the environment's hardware.

    Returns the journal's records of these measurements, in the order of ``configurations``, repeats and attempts. Safe
    against being killed at any time: a later call continues where this one stopped.
    """
    engine = engines.load(environment.engine)
    if state.exists():
        # Settings that a killed run left are restored before the machine is described.
        hardware.restore(state, root)
    host = fingerprint.host()
    # An engine that measures nothing does so anywhere.
    if environment.hardware and engine.isolated:
        same_hardware.check(environment.name, environment.hardware, environment.identity, host, journal_path)
    digest = environment.digest(engine.versions(), host)
    if engine.needs_dimension_names and not environment.dimension_names:
        environment = environment.with_dimension_names()
    with ExitStack() as stack:
        writer = stack.enter_context(journal.Journal(journal_path))
        if reuse_journals_from is not None:
            writer.take_over(journal.read(reuse_journals_from), digest, protocol.key, configurations)
        run = _Run(environment, configurations, protocol, writer, engine, digest, host, (root, state))
        keys = [(digest, cid, repeat, protocol.key, 0) for cid in configurations for repeat in range(repeats)]
        last = keys
        for attempt in range(retries + 1):
            if attempt:
                # Also those that an earlier call made after an attempt that another one took the place of.
                retried = [(*key[:4], attempt) for key in last]
                last = [
                    k
                    for k, key in zip(retried, last, strict=True)
                    if k in run.records or run.records[key].get("disturbed")
                ]
                keys += last
            missing = run.missing(last)
            random.Random(f"{seed} {attempt}" if attempt else seed).shuffle(missing)
            if missing:
                try:
                    stack.enter_context(run)
                except hardware.SettingError as error:
                    run.record_not_applied(missing, str(error))
                    continue
                title = f"{environment.name}, disturbed before" if attempt else environment.name
                progress = Progress(title, len(missing), done_before=len(last) - len(missing))
                run.measure_all(missing, progress)
    positions = {configuration: position for position, configuration in enumerate(configurations)}
    return [run.records[key] for key in sorted(keys, key=lambda key: (positions[key[1]], key[2], key[4]))]


def measure_job(
    name: str,
    params: MeasureParams,
    networks: Sequence[str],
    configurations: Mapping[str, Options],
    journal_path: Path,
) -> list[Measurement]:
    """Call ``measure_environment`` with the parameters of a job.

    Parameters
    ----------
    name
        Of the environment.
    params
        Of the job.
    networks
        Files of the network, one for each of ``params.precisions``.
    configurations
        Options by ``configuration_id``.
    journal_path
        Of the environment's journal.
    """
    return measure_environment(
        Environment.of(name, params, networks),
        configurations,
        repeats=params.repeats,
        retries=params.retries,
        protocol=params.protocol,
        journal_path=journal_path,
        seed=params.seed,
        reuse_journals_from=params.reuse_journals_from,
    )


def metadata(records: Sequence[Measurement], journal_path: Path, environment: str) -> dict[str, object]:
    """Return the metadata of a file of these measurements: protocol, the machine, and what changed about it.

    records: of one environment and protocol; journal_path: of the journal that holds them.
    """
    digest, written = records[0]["environment_digest"], journal.read(journal_path)
    return {
        "environment": environment,
        "protocol": records[0]["protocol"],
        "host": journal.hosts(written)[digest],
        "host_changes": journal.host_changes(written, digest),
    }


def measured_configurations(name: str, params: MeasureParams, networks: Sequence[str], journal_path: Path) -> list[str]:
    """Return the configurations of which the journal holds a measurement of this environment, in their order.

    Arguments as in ``measure_job``.
    """
    environment, protocol = Environment.of(name, params, networks), params.protocol
    digest = environment.digest(engines.load(environment.engine).versions(), fingerprint.host())
    measurements = journal.measurements(journal.read(journal_path))
    ids = [
        key[1]
        for key, record in measurements.items()
        if (key[0], key[3]) == (digest, protocol.key) and journal.is_final(record, protocol.timeout_seconds)
    ]
    return list(dict.fromkeys(ids))


class _Run:
    """One call's measuring: a context manager around the server, entered when there is something to measure."""

    def __init__(
        self,
        environment: Environment,
        configurations: Mapping[str, Options],
        protocol: Protocol,
        writer: journal.Journal,
        engine: Engine,
        digest: str,
        host: Host,
        board: tuple[Path, Path],
    ) -> None:
        self.records = journal.measurements(journal.read(writer.path))
        self._environment = environment
        self._configurations = configurations
        self._protocol = protocol
        self._writer = writer
        self._engine = engine
        self._digest = digest
        self._host = host
        self._board = board
        self._settings = hardware.parse(environment.hardware_settings)
        self._load, _ = background_load.requested_load(self._settings)
        self._applied: hardware.Applied | None = None
        self._dead: Callable[[], list[str]] = list
        self._order = len(self.records) and 1 + max(record["order"] for record in self.records.values())
        self._stack = ExitStack()
        self._measure: Callable[[Request], Outcome] | None = None
        self._since_sentinel = 0

    def __enter__(self) -> _Run:
        if self._measure is None:
            host_record = cast(
                HostRecord,
                {
                    "record": "host",
                    "environment_digest": self._digest,
                    **self._host,
                    "versions": self._engine.versions(),
                },
            )
            with ExitStack() as stack:
                try:
                    self._apply(stack)
                    if self._applied is not None:
                        host_record["settings"] = self._applied.values
                finally:
                    # Also if settings could not be applied: these rows need a host, too.
                    self._writer.append(host_record)
                variables = _variables(self._settings, self._engine)
                self._measure = _runner(self._engine, self._environment.cpus(), variables, stack)
                self._sentinel()
                self._stack = stack.pop_all()
        return self

    def _apply(self, stack: ExitStack) -> None:
        root, state = self._board
        if self._settings:
            self._applied = stack.enter_context(hardware.applied(self._settings, root, state))
        load = background_load.requested_load(self._settings)
        if self._load:
            self._dead = stack.enter_context(background_load.running(*load, self._environment.cpus())).ended

    def __exit__(self, *error: object) -> None:
        if self._measure is not None:
            self._measure = None
            self._stack.close()

    def missing(self, keys: Iterable[journal.Key]) -> list[journal.Key]:
        """Return the keys that need a measurement."""
        timeout = self._protocol.timeout_seconds
        return [key for key in keys if key not in self.records or not journal.is_final(self.records[key], timeout)]

    def record_not_applied(self, keys: Sequence[journal.Key], reason: str) -> None:
        """Record that these could not be measured as they should."""
        outcome: JudgedOutcome = {"status": journal.NOT_APPLIED, "error": reason, "disturbed": None}
        for key in keys:
            _, configuration, repeat, _, attempt = key
            record: Measurement = {
                "record": "measurement",
                **self._subject(configuration),
                "repeat": repeat,
                "attempt": attempt,
                "order": self._next(),
                **outcome,
            }
            self._writer.append(record)
            self.records[key] = record

    def measure_all(self, keys: Sequence[journal.Key], progress: Progress) -> None:
        """Measure these, one after the other."""
        for key in keys:
            _, configuration, repeat, _, attempt = key
            subject, order = self._subject(configuration), self._next()
            record: Measurement = {
                "record": "measurement",
                **subject,
                "repeat": repeat,
                "attempt": attempt,
                "order": order,
                **self._measure_subject(subject),
            }
            self._writer.append(record)
            self.records[key] = record
            progress.step()
            self._since_sentinel += 1
            if self._since_sentinel >= _SENTINEL_EVERY:
                self._sentinel()
        if self._since_sentinel:
            self._sentinel()

    def _next(self) -> int:
        self._order += 1
        return self._order - 1

    def _subject(self, configuration: str) -> Subject:
        return {
            "environment_digest": self._digest,
            "configuration_id": configuration,
            "protocol": self._protocol.key,
            "environment": self._environment.name,
            "started_at": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
            "options": dict(self._configurations[configuration]),
            "timeout_seconds": self._protocol.timeout_seconds,
        }

    def _measure_subject(self, subject: Subject) -> JudgedOutcome:
        assert self._measure is not None
        outcome = self._measure(_request(self._environment, subject["options"], self._protocol, self._host))
        changed = [*(self._applied.changed() if self._applied else []), *self._dead()]
        if changed:
            # Numbers measured under another setting do not belong to this environment.
            return {"status": journal.NOT_APPLIED, "error": "; ".join(changed), "disturbed": None}
        judged = cast(JudgedOutcome, dict(outcome))
        judged["disturbed"] = _disturbed(outcome, loaded=self._load > 0)
        return judged

    def _sentinel(self) -> None:
        self._since_sentinel = 0
        # An engine that measures nothing has no machine to watch.
        if self._engine.isolated:
            subject = self._subject(next(iter(self._configurations)))
            record: Sentinel = {"record": "sentinel", **subject, **self._measure_subject(subject)}
            self._writer.append(record)


def _disturbed(outcome: Outcome, *, loaded: bool) -> bool | None:
    """Tell whether others used the CPUs, heat slowed them down, or their clock changed.

    None: unknown. loaded: by a background load of the environment itself, which is not a disturbance.
    """
    share = None if loaded else outcome.get("external_cpu_share")
    events, change = outcome.get("throttle_events"), outcome.get("cpu_mhz_change")
    if share is None and events is None and change is None:
        return None
    return (share or 0) > DISTURBED_ABOVE or (events or 0) > 0 or abs(change or 0) > CLOCK_CHANGED_ABOVE


def _variables(settings: Sequence[hardware.Setting], engine: Engine) -> dict[str, str]:
    """Return the environment variables that apply hardware settings to a measuring process."""
    out = {}
    if any(setting.name == "gpu" for setting in settings):
        out["CUDA_VISIBLE_DEVICES"] = str(placement.gpu_of(settings, None))
    cap = instruction_set.cap_of(settings)
    if cap is not None:
        if not engine.instruction_set_variable:
            raise hardware.SettingError(f"instruction_set: the engine {engine.name} has no cap on instruction sets")
        out[engine.instruction_set_variable] = cap
    return out


def _request(environment: Environment, options: Options, protocol: Protocol, host: Host) -> Request:
    memory = host["memory_gib"]
    return {
        "gpu": placement.gpu_of(hardware.parse(environment.hardware_settings), os.environ.get("CUDA_VISIBLE_DEVICES")),
        "memory_limit_mib": None if memory is None else int(_MEMORY_SHARE * 1024 * memory),
        "files": dict(environment.files),
        "dimension_names": environment.dimension_names,
        "workload": dict(environment.workload),
        "options": dict(options),
        "protocol": to_plain(protocol),
        "seed": environment.seed,
    }


def _runner(
    engine: Engine, cpus: list[int], variables: Mapping[str, str], stack: ExitStack
) -> Callable[[Request], Outcome]:
    if engine.isolated:
        return stack.enter_context(MeasuringServer(engine.name, cpus, variables)).measure
    return lambda request: measure(engine, request, None)
