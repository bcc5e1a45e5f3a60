"""Every built-in plug-in fulfils what is asked of a user's own."""

from __future__ import annotations

import pytest

from perftransfer import designs, learners, strategies
from perftransfer.measuring import engines, networks
from perftransfer.testing import check_design, check_engine, check_learner, check_network, check_strategy


@pytest.mark.parametrize("name", designs.names())
def test_designs(name: str) -> None:
    check_design(designs.load(name))


@pytest.mark.parametrize("name", learners.names())
def test_learners(name: str) -> None:
    check_learner(learners.load(name))


@pytest.mark.parametrize("name", [*strategies.names(), "NT+stratified", "LMS+greedy"])
def test_strategies(name: str) -> None:
    check_strategy(strategies.load(name))


@pytest.mark.parametrize("name", networks.names())
def test_networks(name: str) -> None:
    check_network(networks.CATALOGUE.load(name))


@pytest.mark.parametrize("name", ["onnxruntime", "simulated"])
def test_engines(name: str) -> None:
    assert engines.load(name).name == name
    check_engine(engines.CATALOGUE.load(name))
