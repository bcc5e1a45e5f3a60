"""Measure the configurations of an environment that its journal lacks, in random order, one process each."""

from __future__ import annotations

import logging
import os
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import cast

from perftransfer.errors import UserError
from perftransfer.levels import level_text
from perftransfer.measuring import engines, feed, fingerprint, hardware, journal, machine_lock, networks, same_hardware
from perftransfer.measuring.cgroups import Limits
from perftransfer.measuring.engines.interface import Engine, Options
from perftransfer.measuring.feed import FedInput, Fill, PlannedInput
from perftransfer.measuring.hardware import background_load, instruction_set, placement
from perftransfer.measuring.interference import CLOCK_CHANGED_ABOVE, DISTURBED_ABOVE
from perftransfer.measuring.isolation import MeasuringServer
from perftransfer.measuring.protocol import Protocol
from perftransfer.measuring.quiet import QuietWatch
from perftransfer.measuring.records import (
    Host,
    HostRecord,
    JudgedOutcome,
    Measurement,
    Outcome,
    Record,
    Request,
    Sentinel,
    Subject,
)
from perftransfer.measuring.same_hardware import Identity
from perftransfer.measuring.server import measure
from perftransfer.plain import to_plain
from perftransfer.progress import Progress

_LOG = logging.getLogger(__name__)

# Share of the memory of machine or container; a measurement that needs more fails, and the machine survives.
_MEMORY_SHARE = 0.9

#: File with the original settings of the hardware while others are applied.
HARDWARE_STATE = hardware.default_state()

# Configurations that are tried before the first measurement, if the first one fails.
_TRIALS = 3
# Statuses that say that something is wrong with the network, or with what it is fed.
_FAULTS = ("failed", "crashed", "invalid_output")
_MAX_REASONS = 5

# Measurements between two of the sentinel: it costs 4 % of the time.
_SENTINEL_EVERY = 25


@dataclass(frozen=True)
class MeasureParams:
    """What a job measures, and how; no digest of code is in here, so that no edit measures again.

    precisions: for which there is a file of the network. reuse_journals_from: journal of another study; what it holds
    of this environment is not measured again. The others: see ``Environment`` and ``Session``.
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
    inputs: Mapping[str, Fill] = field(default_factory=dict)
    reuse_journals_from: Path | None = None
    max_wait_seconds: float = 0.0

    @property
    def batch(self) -> int:
        """Inputs of one inference."""
        return self.workload.get("batch", 1)


@dataclass(frozen=True)
class Environment:
    """What is measured, from the environment sheet.

    cores: number of CPUs, or "all" that this process may use.
    files: path of the network by precision; ``network_version`` says which network they hold.
    workload: sizes of the input. hardware_settings: as the sheet has them (``hardware.parse``). hardware: its name, ""
    for any; identity: what is known of it beforehand. inputs: how the network's are filled, where the sheet says so.
    feeds: what they are fed, by precision; planned from the network's file (``planned``) where it can be read, and
    written by ``remote.pack`` for boards, which cannot.
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
    inputs: Mapping[str, Fill] = field(default_factory=dict)
    feeds: Mapping[str, Sequence[PlannedInput]] = field(default_factory=dict)

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
            inputs=params.inputs,
        )

    def planned(self) -> Environment:
        """Return this environment with a plan of what the inputs of its network are fed; needs the library onnx.

        Raises UserError if a file cannot be read, or if sizes and values do not fit what it declares.
        """
        feeds = {}
        for precision, path in self.files.items():
            if path.endswith(".gguf"):
                # Prompts of a language model are drawn by its engine.
                continue
            try:
                feeds[precision] = feed.plan(networks.inputs(Path(path)), self.workload, self.inputs)
            except UserError as error:
                lines = str(error).splitlines()
                raise UserError("\n".join(f"environment {self.name}: {line}" for line in lines)) from error
        return replace(self, feeds=feeds)

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
        if not str(self.cores).isdecimal() or int(self.cores) < 1:
            raise UserError(f"environment {self.name}: cores: found {self.cores!r}, allowed: all, or a number from 1")
        if int(self.cores) > len(usable):
            raise UserError(f"environment {self.name}: needs {self.cores} cores, {len(usable)} can be used here")
        return usable[-int(self.cores) :]

    def check_quota(self) -> None:
        """Raise UserError if this container may not keep the CPUs busy; warn where "all" is fewer CPUs for that."""
        limits, cpus = Limits.read(), self.cpus()
        if limits.cpus is None:
            return
        if limits.cpus < len(cpus):
            raise UserError(
                f"environment {self.name}: measures on {len(cpus)} CPU{'s' * (len(cpus) > 1)}, but this container may "
                f"use the time of only {limits.cpus:g}: it would be stopped again and again while it is measured. Give "
                f"the container more (docker --cpus={len(cpus)}, limits.cpu in Kubernetes, CPUQuota in systemd), or "
                "measure on fewer"
            )
        if self.cores == "all":
            _LOG.warning(
                "%s: this container may use the time of %g CPUs, so cores: all is %d", self.name, limits.cpus, len(cpus)
            )

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
        filled = {precision: feed.unusual(planned) for precision, planned in self.feeds.items()}
        if any(filled.values()):
            facts["inputs"] = to_plain(filled)
        return fingerprint.digest(facts)


class Session:
    """Measures configurations of an environment whenever it is asked to: a context manager.

    The journal is locked from entry to exit. From the first measurement on, one server runs and settings of the
    hardware apply; they are restored on exit or, after a kill, by the next session. So a search, which looks at what
    was measured before it proposes more, pays for that once.

    The first configuration is also the sentinel: it is measured before all others, after them, and at intervals in
    between, to see whether the machine stays the same (``journal.sentinels``).

    Parameters
    ----------
    environment
        What is measured.
    repeats
        Processes per configuration, where ``measure`` is told no other number.
    protocol
        When an inference counts.
    journal_path
        Of the environment's journal.
    seed
        Of the order.
    retries
        How often a disturbed measurement is repeated; its record stays.
    reuse_journals_from
        Journal of another study; its measurements of the same environment are copied.
    max_wait_seconds
        How long to wait in all for other processes that disturb measurements.
    root, state
        See ``hardware.applied``.

    Raises
    ------
    UserError
        On entry: this machine is not the environment's hardware, or another process is writing to the journal.
    """

    def __init__(
        self,
        environment: Environment,
        *,
        repeats: int,
        protocol: Protocol,
        journal_path: Path,
        seed: int,
        retries: int = 0,
        reuse_journals_from: Path | None = None,
        max_wait_seconds: float = 0.0,
        root: Path = Path("/"),
        state: Path = HARDWARE_STATE,
    ) -> None:
        self._environment = environment
        self._repeats = repeats
        self._protocol = protocol
        self._seed = seed
        self._retries = retries
        self._reuse_journals_from = reuse_journals_from
        self._max_wait_seconds = max_wait_seconds
        self._watch_quiet: QuietWatch | None = None
        self._root, self._state = root, state
        self._engine = engines.load(environment.engine)
        self._writer = journal.Journal(journal_path)
        self._records: dict[journal.Key, Measurement] = {}
        self._reusable: list[Record] = []
        self._order = 0
        self._sentinel: tuple[str, Options] | None = None
        self._since_sentinel = 0
        self._reported: set[str] = set()
        self._machine: _Machine | None = None
        self._stack, self._machine_stack = ExitStack(), ExitStack()

    @classmethod
    def of_job(cls, name: str, params: MeasureParams, networks: Sequence[str], journal_path: Path) -> Session:
        """Take it from the parameters of a job.

        Parameters
        ----------
        name
            Of the environment.
        params
            Of the job.
        networks
            Files of the network, one for each of ``params.precisions``.
        journal_path
            Of the environment's journal.
        """
        return cls(
            Environment.of(name, params, networks),
            repeats=params.repeats,
            retries=params.retries,
            protocol=params.protocol,
            journal_path=journal_path,
            seed=params.seed,
            reuse_journals_from=params.reuse_journals_from,
            max_wait_seconds=params.max_wait_seconds,
        )

    def __enter__(self) -> Session:
        environment, engine = self._environment, self._engine
        if self._state.exists():
            # Settings that a killed run left are restored before the machine is described.
            hardware.restore(self._state, self._root)
        self._host = fingerprint.host()
        # An engine that measures nothing does so anywhere.
        if environment.hardware and engine.isolated:
            same_hardware.check(
                environment.name, environment.hardware, environment.identity, self._host, self._writer.path
            )
        if environment.files and not environment.feeds:
            environment = self._environment = environment.planned()
        self._digest = environment.digest(engine.versions(), self._host)
        if self._reuse_journals_from is not None:
            self._reusable = journal.read(self._reuse_journals_from)
        with ExitStack() as stack:
            stack.enter_context(self._writer)
            content = journal.contents(self._writer.path)
            if content.damaged:
                _LOG.warning("%s", journal.damage(self._writer.path, content.damaged))
            self._records = journal.measurements(content.records)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._stack:
            self._release(watch=kind is None)

    @property
    def fed(self) -> dict[str, list[FedInput]]:
        """What the inputs of the network are fed, by the network's precision."""
        return {level: feed.describe(each) for level, each in self._environment.feeds.items()}

    def measured_configurations(self) -> list[str]:
        """Return the configurations of which the journal holds a measurement of this environment, in their order."""
        same = [key for key in self._records if (key[0], key[3]) == (self._digest, self._protocol.key)]
        return list(dict.fromkeys(key[1] for key in same if self._is_measured(key)))

    def measure(self, configurations: Mapping[str, Options], repeats: int | None = None) -> list[Measurement]:
        """Measure every configuration in processes of its own, unless the journal holds it already.

        The order is random over configurations and repeats, so that a drift of the machine falls on all alike.
        Disturbed measurements are repeated after the others of this call, not at the end of the session: a search
        proposes nothing because of a value that is about to be replaced, and after a kill it proposes the same again
        from the same values.

        If settings of the hardware cannot be applied, every measurement is a record with the status ``not_applied``,
        and is tried again by the next call.

        Parameters
        ----------
        configurations
            Options by ``configuration_id``.
        repeats
            Processes per configuration, in place of the session's; those in the journal count.

        Returns
        -------
        list of Measurement
            The journal's records of these measurements, in the order of ``configurations``, repeats and attempts. Each
            was in the journal before the next measurement started, so a session can be killed at any time, and a later
            one continues.
        """
        if self._sentinel is None:
            self._sentinel = next(iter(configurations.items()), None)
        copied = self._writer.take_over(self._reusable, self._digest, self._protocol.key, configurations)
        self._records |= {journal.key(record): record for record in copied}
        self._order = 1 + max((record.get("order", -1) for record in self._records.values()), default=-1)
        keys = [
            (self._digest, configuration, repeat, self._protocol.key, 0)
            for configuration in configurations
            for repeat in range(self._repeats if repeats is None else repeats)
        ]
        same = [
            record for key, record in self._records.items() if (key[0], key[3]) == (self._digest, self._protocol.key)
        ]
        journal.check_options(self._writer.path, same, configurations)
        last = keys
        for attempt in range(self._retries + 1):
            if attempt:
                # Also those that an earlier call made after an attempt that another one took the place of.
                retried = [(*key[:4], attempt) for key in last]
                last = [
                    k
                    for k, key in zip(retried, last, strict=True)
                    if k in self._records or self._records[key].get("disturbed")
                ]
                keys += last
            missing = [key for key in last if not self._is_measured(key)]
            random.Random(f"{self._seed} {attempt} {repeats}").shuffle(missing)
            if missing:
                name = self._environment.name
                title = f"{name}, disturbed before" if attempt else name
                self._measure_missing(missing, configurations, title, done_before=len(last) - len(missing))
        positions = {configuration: position for position, configuration in enumerate(configurations)}
        return [self._records[key] for key in sorted(keys, key=lambda key: (positions[key[1]], key[2], key[4]))]

    def _is_measured(self, key: journal.Key) -> bool:
        return key in self._records and journal.is_final(self._records[key], self._protocol.timeout_seconds)

    def _measure_missing(
        self, keys: Sequence[journal.Key], configurations: Mapping[str, Options], title: str, done_before: int
    ) -> None:
        """Measure these, one after the other."""
        try:
            machine = self._prepared(configurations)
        except hardware.SettingError as error:
            outcome = _not_applied(str(error))
            for key in keys:
                self._add(key, self._subject(key[1], configurations[key[1]]), outcome)
                self._report(key[1], outcome, configurations[key[1]])
            return
        progress = Progress(title, len(keys), done_before=done_before)
        for key in keys:
            subject = self._subject(key[1], configurations[key[1]])
            outcome = machine.measure(subject["options"], self._protocol)
            self._add(key, subject, outcome)
            self._report(key[1], outcome, subject["options"])
            progress.step()
            if self._watch_quiet is not None:
                self._watch_quiet.note(outcome)
            self._since_sentinel += 1
            if self._since_sentinel >= _SENTINEL_EVERY:
                self._watch(machine)
        if any(self._records[key]["status"] == journal.NOT_APPLIED for key in keys):
            # Settings that somebody changed are applied anew before more is measured.
            self._release()

    def _add(self, key: journal.Key, subject: Subject, outcome: JudgedOutcome) -> None:
        _, _, repeat, _, attempt = key
        record: Measurement = {
            "record": "measurement",
            **subject,
            "repeat": repeat,
            "attempt": attempt,
            "order": self._order,
            **outcome,
        }
        self._writer.append(record)
        self._records[key] = record
        self._order += 1

    def _subject(self, configuration: str, options: Options) -> Subject:
        return {
            "environment_digest": self._digest,
            "configuration_id": configuration,
            "protocol": self._protocol.key,
            "environment": self._environment.name,
            "started_at": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
            "options": dict(options),
            "timeout_seconds": self._protocol.timeout_seconds,
        }

    def _prepared(self, configurations: Mapping[str, Options]) -> _Machine:
        """Prepare the machine, unless it is prepared; raises SettingError.

        Raises UserError if the network does not run there with the first of these configurations.
        """
        if self._machine is None:
            record = cast(
                HostRecord,
                {
                    "record": "host",
                    "environment_digest": self._digest,
                    **self._host,
                    "versions": self._engine.versions(),
                    "fed": self.fed,
                },
            )
            machine = _Machine(self._environment, self._engine, self._host)
            with ExitStack() as stack:
                # An engine that measures nothing disturbs nobody.
                if self._engine.isolated:
                    self._environment.check_quota()
                    stack.enter_context(machine_lock.held(f"environment {self._environment.name}"))
                    if self._watch_quiet is None:
                        name, cpus = self._environment.name, self._environment.cpus()
                        self._watch_quiet = QuietWatch(name, cpus, self._max_wait_seconds)
                try:
                    machine.apply_settings(stack, self._root, self._state)
                    if machine.applied is not None:
                        record["settings"] = machine.applied.values
                finally:
                    # Also if settings could not be applied: these rows need a host, too.
                    self._writer.append(record)
                machine.start(stack)
                self._check_network_runs(machine, configurations)
                self._watch(machine)
                self._machine_stack = stack.pop_all()
            self._machine = machine
        return self._machine

    def _check_network_runs(self, machine: _Machine, configurations: Mapping[str, Options]) -> None:
        """Open the network and do one inference, unless the journal shows that it runs.

        Raises UserError with the engine's own words if it fails, and with the next configurations as well: what is
        wrong with a file, or with what it is fed, is said before an hour of measurements has failed.
        """
        same = [record for record in self._records.values() if record["environment_digest"] == self._digest]
        if not self._engine.isolated or any(record["status"] == "ok" for record in same):
            return
        failures = []
        for options in islice(configurations.values(), _TRIALS):
            outcome = machine.measure(options, self._protocol.single_inference)
            if outcome["status"] in _FAULTS:
                failures.append(f"with {_written(options)} {_reason(outcome)}")
            elif outcome["status"] != "unsupported":
                return
        if failures:
            where = f"environment {self._environment.name}: the network {self._environment.network}"
            fed = "; ".join(dict.fromkeys(map(feed.words, self._environment.feeds.values())))
            lines = [f"{where} cannot be measured:", *dict.fromkeys(failures), f"It was fed {fed or 'nothing'}."]
            raise UserError("\n".join([*lines, "Other values are given in the sheet's column inputs."]))

    def _report(self, configuration: str, outcome: JudgedOutcome, options: Options) -> None:
        """Say why a measurement failed, when the reason comes up for the first time."""
        reason = _reason(outcome)
        if outcome["status"] != "ok" and reason not in self._reported:
            self._reported.add(reason)
            name = self._environment.name
            _LOG.warning("%s: configuration %s (%s): %s", name, configuration, _written(options), reason)

    def _release(self, *, watch: bool = True) -> None:
        """Stop the server and restore the settings, after a last look at the sentinel."""
        machine, self._machine = self._machine, None
        with self._machine_stack:
            if machine is not None and watch and self._since_sentinel:
                self._watch(machine)

    def _watch(self, machine: _Machine) -> None:
        """Measure the sentinel."""
        self._since_sentinel = 0
        # An engine that measures nothing has no machine to watch.
        if self._engine.isolated and self._sentinel is not None:
            subject = self._subject(*self._sentinel)
            record: Sentinel = {
                "record": "sentinel",
                **subject,
                **machine.measure(subject["options"], self._protocol),
            }
            self._writer.append(record)


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
    max_wait_seconds: float = 0.0,
    root: Path = Path("/"),
    state: Path = HARDWARE_STATE,
) -> list[Measurement]:
    """Measure configurations in a session of their own; arguments as for ``Session`` and its ``measure``."""
    session = Session(
        environment,
        repeats=repeats,
        protocol=protocol,
        journal_path=journal_path,
        seed=seed,
        retries=retries,
        reuse_journals_from=reuse_journals_from,
        max_wait_seconds=max_wait_seconds,
        root=root,
        state=state,
    )
    with session:
        return session.measure(configurations)


def metadata(
    records: Sequence[Measurement],
    journal_path: Path,
    environment: str,
    fed: Mapping[str, Sequence[FedInput]] | None = None,
) -> dict[str, object]:
    """Return the metadata of a file of these measurements: protocol, the machine, and what changed about it.

    Parameters
    ----------
    records
        Of one environment and protocol.
    journal_path
        Of the journal that holds them.
    environment
        Its name.
    fed
        What its network is fed (``Session.fed``): journals of earlier versions do not say it.
    """
    digest, written = records[0]["environment_digest"], journal.read(journal_path)
    # Its line may be damaged.
    host: dict[str, object] = {**journal.hosts(written).get(digest, {})}
    if fed:
        host.setdefault("fed", fed)
    return {
        "environment": environment,
        "protocol": records[0]["protocol"],
        "host": host,
        "host_changes": journal.host_changes(written, digest),
    }


def require_success(records: Sequence[Measurement], environment: str, journal_path: Path) -> None:
    """Raise UserError with the reasons, and how often each came up, if none of these measurements succeeded.

    records: of one environment; journal_path: of the journal that holds them.
    """
    if any(record["status"] == "ok" for record in records):
        return
    reasons = Counter(map(_reason, records)).most_common()
    shown = [f"{count} of {len(records)}: {reason}" for reason, count in reasons[:_MAX_REASONS]]
    if len(reasons) > _MAX_REASONS:
        shown.append(f"and {len(reasons) - _MAX_REASONS} other reasons")
    raise UserError("\n".join([f"environment {environment}: no measurement succeeded ({journal_path})", *shown]))


def _reason(outcome: Outcome) -> str:
    return f"{outcome['status']}: {' '.join(str(outcome.get('error')).split())}"


def _written(options: Options) -> str:
    active = [f"{name}={level_text(level)}" for name, level in options.items() if level is not None]
    return " ".join(active) or "no options"


class _Machine:
    """The machine while it is measured: settings applied, the background load and the server running."""

    def __init__(self, environment: Environment, engine: Engine, host: Host) -> None:
        self._environment = environment
        self._engine = engine
        self._host = host
        self._settings = hardware.parse(environment.hardware_settings)
        self._load, self._load_share = background_load.requested_load(self._settings)
        self._ended_loads: Callable[[], list[str]] = list
        self._measure: Callable[[Request], Outcome] | None = None
        self.applied: hardware.Applied | None = None

    def apply_settings(self, stack: ExitStack, root: Path, state: Path) -> None:
        """Apply settings until ``stack`` is closed; raises SettingError."""
        if self._settings:
            self.applied = stack.enter_context(hardware.applied(self._settings, root, state))
        if self._load:
            running = background_load.running(self._load, self._load_share, self._environment.cpus())
            self._ended_loads = stack.enter_context(running).ended

    def start(self, stack: ExitStack) -> None:
        """Start the server, which runs until ``stack`` is closed."""
        engine, variables = self._engine, _variables(self._settings, self._engine)
        if engine.isolated:
            server = MeasuringServer(engine.name, self._environment.cpus(), variables)
            self._measure = stack.enter_context(server).measure
        else:
            self._measure = lambda request: measure(engine, request, None)

    def measure(self, options: Options, protocol: Protocol) -> JudgedOutcome:
        """Measure one configuration in a fresh process, and judge whether the number counts."""
        assert self._measure is not None
        outcome = self._measure(_request(self._environment, options, protocol, self._host))
        changed = [*(self.applied.changed() if self.applied else []), *self._ended_loads()]
        if changed:
            # Numbers measured under another setting do not belong to this environment.
            return _not_applied("; ".join(changed))
        judged = cast(JudgedOutcome, dict(outcome))
        judged["disturbed"] = _disturbed(outcome, loaded=self._load > 0)
        return judged


def _not_applied(reason: str) -> JudgedOutcome:
    """Return the outcome of what could not be measured as it should."""
    return {"status": journal.NOT_APPLIED, "error": reason, "disturbed": None}


def _disturbed(outcome: Outcome, *, loaded: bool) -> bool | None:
    """Tell whether others used the CPUs, heat or a quota slowed them down, or their clock changed.

    None: unknown. loaded: by a background load of the environment itself, which is not a disturbance.
    """
    share = None if loaded else outcome.get("external_cpu_share")
    slowed = [outcome.get("throttle_events"), outcome.get("throttled_periods")]
    change = outcome.get("cpu_mhz_change")
    if share is None and change is None and slowed == [None, None]:
        return None
    return (share or 0) > DISTURBED_ABOVE or any(slowed) or abs(change or 0) > CLOCK_CHANGED_ABOVE


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
    memory = min(filter(None, (host["memory_gib"], host["memory_limit_gib"])), default=None)
    return {
        "gpu": placement.gpu_of(hardware.parse(environment.hardware_settings), os.environ.get("CUDA_VISIBLE_DEVICES")),
        "memory_limit_mib": None if memory is None else int(_MEMORY_SHARE * 1024 * memory),
        "files": dict(environment.files),
        "feeds": to_plain(environment.feeds),
        "workload": dict(environment.workload),
        "options": dict(options),
        "protocol": to_plain(protocol),
        "seed": environment.seed,
    }
