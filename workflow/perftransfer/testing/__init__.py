"""Checks of plug-ins: what a strategy, search method, design, learner, engine or network must fulfil.

Call a check on a class of your own, in a test or a shell::

    from perftransfer.testing import check_strategy

    check_strategy(MyStrategy)

A check returns nothing, or raises AssertionError with the rule that the class breaks, and how.
"""

from perftransfer.testing.designs import check_design
from perftransfer.testing.engines import check_engine
from perftransfer.testing.learners import check_learner
from perftransfer.testing.networks import check_network
from perftransfer.testing.search_methods import check_search_method
from perftransfer.testing.strategies import check_strategy

__all__ = ["check_design", "check_engine", "check_learner", "check_network", "check_search_method", "check_strategy"]
