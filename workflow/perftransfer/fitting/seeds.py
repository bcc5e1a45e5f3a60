"""Seeds that depend on what they are for, not on the order in which cells are computed."""

from __future__ import annotations

import hashlib


def seed_for(*parts: object) -> int:
    """Derive a 32-bit seed from the study's seed and the names of what it is for."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:4], "little")


def training_seed(seed: int, environment: str, objective: str, learner: str) -> int:
    """Derive the seed of a learner that is fitted to all that was measured in a source."""
    return seed_for(seed, "train", environment, objective, learner)
