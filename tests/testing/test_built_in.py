"""Every built-in plug-in fulfils what is asked of a user's own."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests_root import ROOT

from perftransfer import designs, learners, search, strategies
from perftransfer.measuring import engines, networks
from perftransfer.testing import (
    check_design,
    check_engine,
    check_learner,
    check_network,
    check_search_method,
    check_strategy,
)


@pytest.mark.parametrize("name", designs.names())
def test_designs(name: str) -> None:
    check_design(designs.load(name))


@pytest.mark.parametrize("name", learners.names())
def test_learners(name: str) -> None:
    check_learner(learners.load(name))


@pytest.mark.parametrize("name", [*strategies.names(), "NT+stratified", "LMS+greedy"])
def test_strategies(name: str) -> None:
    check_strategy(strategies.load(name))


@pytest.mark.parametrize("name", search.CATALOGUE.names())
def test_search_methods(name: str) -> None:
    check_search_method(search.CATALOGUE.load(name))


@pytest.mark.parametrize("name", [name for name in networks.names() if networks.suffix(name) == "onnx"])
def test_networks(name: str) -> None:
    check_network(networks.CATALOGUE.load(name))


@pytest.mark.parametrize("name", ["onnxruntime", "simulated"])
def test_engines(name: str) -> None:
    assert engines.load(name).name == name
    check_engine(engines.CATALOGUE.load(name))


def test_the_search_method_of_the_how_to_page() -> None:
    page = (ROOT / "docs/how-to/search.md").read_text()
    code = re.search(r"```python\n(.*?)```", page, flags=re.DOTALL)
    assert code is not None
    module: dict[str, Any] = {"__name__": "nearest"}
    exec(code[1], module)
    check_search_method(module["Nearest"])
