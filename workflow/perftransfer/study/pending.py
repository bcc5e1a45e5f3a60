"""Measurements left before a run, and how long they take."""

from __future__ import annotations

import statistics
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from perftransfer.measuring import journal
from perftransfer.progress import duration
from perftransfer.study.facts import Study


def pending_measurements(study: Study) -> list[str]:
    """Return a line per environment: how many measurements are left, and how long they take.

    The pace is that of the journals; without one, the protocol gives how long a measurement takes at least.
    """
    measuring, lines = study.sections.measuring, []
    for name, row in study.rows.items():
        if study.external_journal(name):
            continue
        measurements = journal.measurements(journal.read(Path(study.journal(name))))
        finished = [
            record
            for key, record in measurements.items()
            if key[3] == study.protocol.key and key[4] == 0 and journal.is_final(record, measuring.timeout_seconds)
        ]
        n_left = max(0, (row.budget or measuring.configurations) * measuring.repeats - len(finished))
        if not n_left:
            continue
        # The pace within runs: between them nothing was measured.
        starts = [datetime.fromisoformat(record["started_at"]).timestamp() for record in finished]
        steps = [later - start for start, later in pairwise(sorted(starts))]
        if steps:
            time = f"about {duration(n_left * statistics.median(steps))}"
        else:
            time = f"{duration(n_left * (measuring.warmup_seconds + measuring.seconds))} or more"
        done = f", {len(finished)} are in the journal" if finished else ""
        lines.append(f"{name}: up to {n_left} measurements to make{done}; {time}")
    return lines
