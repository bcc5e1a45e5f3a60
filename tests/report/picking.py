"""Helpers of the tests of findings: pick those of a kind."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from perftransfer.report.finding import Finding, sentence


def facts(items: Iterable[Finding], kind: str) -> list[dict[str, object]]:
    """Facts of the findings of a kind; each can be worded."""
    items = list(items)
    assert all(sentence(finding) for finding in items)
    return [dict(finding.facts) for finding in items if finding.kind == kind]


def the(items: Iterable[Finding], kind: str) -> dict[str, Any]:
    """Facts of the one finding of a kind."""
    (own,) = facts(items, kind)
    return own


def kinds(items: Iterable[Finding]) -> list[str]:
    items = list(items)
    assert all(sentence(finding) for finding in items)
    return [finding.kind for finding in items]
