"""How soon search methods reach the best configuration."""

from __future__ import annotations

import math
from collections.abc import Iterator

from perftransfer.report.finding import Finding
from perftransfer.results import searches
from perftransfer.results.evidence import Evidence


def how_soon(evidence: Evidence) -> Iterator[Finding]:
    """Find, per method, after how many measurements half of its searches are close to the best configuration.

    Methods with sources are given all of them; those that need the fewest measurements come first.
    """
    rows = searches.needed(evidence.regrets)
    rows = rows[rows["sources"] != searches.ONE_SOURCE]
    if rows.empty:
        return
    methods = [
        {
            "method": str(row["method"]),
            "needed": None if math.isnan(row["needed"]) else int(row["needed"]),
            "final": float(row["final"]),
        }
        for row in rows.sort_values(["needed", "final", "method"]).to_dict("records")
    ]
    facts = {
        "quantity": evidence.quantity,
        "maximize": evidence.maximize,
        "close": 100 * searches.CLOSE,
        "n": int(rows["n"].max()),
        "methods": methods,
    }
    yield Finding("how_soon", facts, figure="regret", table="searches")
