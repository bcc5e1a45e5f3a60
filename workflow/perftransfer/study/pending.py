"""What there is to measure before a run, and how long that takes."""

from __future__ import annotations

import statistics
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from perftransfer.measuring import journal
from perftransfer.progress import duration

if TYPE_CHECKING:
    from perftransfer.study.resolved import Study


def pending_measurements(study: Study) -> list[str]:
    """Say for each environment how much there is to measure, and how long that takes at the pace so far.

    The journals know the pace; without one the protocol tells how long a measurement takes at most, if none fails.
    """
    measuring, said = study.sections.measuring, []
    for name, row in study.rows.items():
        if study.external_journal(name):
            continue
        known = journal.measurements(journal.read(Path(f"results/{study.name}/journal/{name}.jsonl")))
        own = [
            record
            for key, record in known.items()
            if key[3] == study.protocol.key and key[4] == 0 and journal.is_final(record, measuring.timeout_seconds)
        ]
        left = max(0, (row.budget or measuring.configurations) * measuring.repeats - len(own))
        if not left:
            continue
        # The pace within runs: between them nothing was measured.
        starts = [datetime.fromisoformat(record["started_at"]).timestamp() for record in own]
        steps = [later - start for start, later in pairwise(sorted(starts))]
        if steps:
            time = f"about {duration(left * statistics.median(steps))}"
        else:
            time = f"{duration(left * (measuring.warmup_seconds + measuring.seconds))} or more"
        there = f", {len(own)} are in the journal" if own else ""
        said.append(f"{name}: up to {left} measurements to make{there}; {time}")
    return said
