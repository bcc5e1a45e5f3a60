"""Checks what stands for a machine."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from perftransfer.measuring import fingerprint


def test_the_host_is_described_in_json_values() -> None:
    host = fingerprint.host()
    assert json.loads(json.dumps(host)) == host
    assert 1 <= host["usable_cpus"] <= host["cpus"]
    assert host["processor"]


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.lists(st.integers())))
def test_the_order_of_facts_does_not_matter(facts: dict[str, object]) -> None:
    digest = fingerprint.digest(facts)
    assert digest == fingerprint.digest(dict(reversed(facts.items())))
    assert len(digest) == 16
    assert digest != fingerprint.digest({**facts, "one more": 1, "and": 2})


def test_an_update_of_the_system_leaves_the_machine_the_same() -> None:
    host = fingerprint.host()
    updated = {**host, "system": "Linux 99", "python": "3.99", "usable_cpus": 1, "memory_gib": None}
    assert fingerprint.identity(updated) == fingerprint.identity(host)
    assert fingerprint.identity({**host, "processor": "another"}) != fingerprint.identity(host)
