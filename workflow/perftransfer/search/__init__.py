"""Search methods: which configuration to measure next. One file each; its name in capitals is its name in a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perftransfer.catalogue import Catalogue

if TYPE_CHECKING:
    from perftransfer.search.interface import SearchMethod

CATALOGUE: Catalogue[SearchMethod] = Catalogue(__name__, "SearchMethod", "search method", upper_case=True)
