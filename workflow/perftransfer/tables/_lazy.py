"""What the tables use of the results, imported on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perftransfer.lazy import Lazy

__all__ = ["aggregate", "formatting", "tests"]

if TYPE_CHECKING:
    from perftransfer.results import aggregate, formatting, tests
else:
    aggregate, formatting, tests = (Lazy(f"perftransfer.results.{name}") for name in __all__)
