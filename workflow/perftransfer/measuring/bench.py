"""Measure an environment: what is not in its journal yet, in random order, one process each."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TextIO

from perftransfer.errors import BadInput
from perftransfer.measuring import engines, fingerprint, journal
from perftransfer.measuring.engines.interface import Engine, Options
from perftransfer.measuring.interference import DISTURBED_ABOVE
from perftransfer.measuring.isolation import MeasuringServer
from perftransfer.measuring.protocol import Protocol
from perftransfer.measuring.server import measure
from perftransfer.progress import Progress

# Of the machine's memory; what asks for more is a failed measurement and not the end of the machine.
_MEMORY_SHARE = 0.9


@dataclass(frozen=True)
class Environment:
    """What is measured, as the environment sheet tells it.

    cores: number of CPUs, or "all" that this process may use.
    files: path of the network by precision; ``network_version`` says which network they hold.
    workload: sizes of the input.
    """

    name: str
    engine: str
    network: str
    network_version: int
    cores: int | str
    workload: Mapping[str, int]
    files: Mapping[str, str]
    seed: int

    def cpus(self) -> list[int]:
        """CPUs to measure on: the last ones, since the first one usually serves the machine's interrupts.

        Raises BadInput if there are fewer than asked for.
        """
        usable = fingerprint.usable_cpus()
        if self.cores == "all":
            return usable
        if int(self.cores) > len(usable):
            raise BadInput(f"environment {self.name}: asks for {self.cores} cores, {len(usable)} can be used here")
        return usable[-int(self.cores) :]

    def digest(self, versions: Mapping[str, str], host: Mapping[str, Any]) -> str:
        """Stand for all that makes a measurement one of *this* environment: machine, engine, network, workload."""
        return fingerprint.digest(
            {
                "host": fingerprint.identity(host),
                "cores": len(self.cpus()),
                "engine": {self.engine: dict(versions)},
                "network": [self.network, self.network_version, self.seed],
                "workload": dict(self.workload),
            }
        )


def measure_environment(
    environment: Environment,
    configurations: Mapping[str, Options],
    *,
    repeats: int,
    protocol: Protocol,
    journal_path: Path,
    seed: int,
    log: TextIO | None = None,
) -> list[journal.Record]:
    """Measure every configuration ``repeats`` times, in processes of its own, unless the journal holds it already.

    configurations: options by ``configuration_id``. seed: of the order, random over configurations and repeats, so
    that a drift of the machine falls on all alike.

    Returns the journal's records of these measurements, in the order of ``configurations`` and repeats. Safe against
    being killed at any time: a later call goes on where this one stopped.
    """
    engine = engines.load(environment.engine)
    host = fingerprint.host()
    digest = environment.digest(engine.versions(), host)
    with ExitStack() as stack:
        writer = stack.enter_context(journal.Journal(journal_path))
        known = journal.measurements(journal.read(journal_path))
        wanted = [(digest, cid, repeat, protocol.key) for cid in configurations for repeat in range(repeats)]
        missing = [
            key for key in wanted if key not in known or not journal.is_final(known[key], protocol.timeout_seconds)
        ]
        random.Random(seed).shuffle(missing)
        if missing:
            run = _runner(engine, environment.cpus(), stack)
            writer.append({"record": "host", "environment_digest": digest, **host, "versions": engine.versions()})
        progress = Progress(environment.name, len(missing), done_before=len(wanted) - len(missing), log=log)
        for order, key in enumerate(missing, start=len(known)):
            record: journal.Record = {
                "record": "measurement",
                **dict(zip(("environment_digest", "configuration_id", "repeat", "protocol"), key, strict=True)),
                "environment": environment.name,
                "order": order,
                "started_at": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
                "options": dict(configurations[key[1]]),
                "timeout_seconds": protocol.timeout_seconds,
            }
            outcome = run(_request(environment, configurations[key[1]], protocol, host))
            record |= outcome
            share: float | None = outcome.get("others_cpu_share")
            record["disturbed"] = None if share is None else share > DISTURBED_ABOVE
            writer.append(record)
            known[key] = record
            progress.step()
    return [known[key] for key in wanted]


def _request(environment: Environment, options: Options, protocol: Protocol, host: Mapping[str, Any]) -> dict[str, Any]:
    memory = host["memory_gib"]
    return {
        "memory_limit_mib": None if memory is None else int(_MEMORY_SHARE * 1024 * memory),
        "files": dict(environment.files),
        "workload": dict(environment.workload),
        "options": dict(options),
        "protocol": asdict(protocol),
        "seed": environment.seed,
    }


def _runner(engine: Engine, cpus: list[int], stack: ExitStack) -> Callable[[dict[str, Any]], dict[str, Any]]:
    if engine.isolated:
        return stack.enter_context(MeasuringServer(engine.name, cpus)).measure
    return lambda request: measure(engine, request, None)


def hosts(records: Iterable[journal.Record]) -> dict[str, journal.Record]:
    """Descriptions of the machines in a journal by environment digest, the latest of each."""
    return {record["environment_digest"]: record for record in records if record.get("record") == "host"}
