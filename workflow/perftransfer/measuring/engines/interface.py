"""What an engine offers to whoever measures with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

Level = bool | int | float | str
Options = Mapping[str, Level | None]


class UnsupportedConfigurationError(Exception):
    """The engine, or the machine, cannot do the configuration: a status of its row, not a failure of the run."""


@runtime_checkable
class Session(Protocol):
    """A network opened under one configuration, its input ready.

    What it may have beside these: ``clock() -> float``, seconds, where it measures in another time than the wall
    clock's; ``inferences_per_run``, where that is not one; ``counters``, where it computes on something else than its
    engine's ``counters`` are for.
    """

    def run(self) -> None:
        """Do one inference, to its end."""

    def close(self) -> None:
        """Give back what the session holds."""


@runtime_checkable
class Engine(Protocol):
    """An engine module holds one instance of this as ``ENGINE``."""

    name: str
    #: Each measurement in a process of its own. Only an engine that measures nothing real may do without.
    isolated: bool
    #: Names of the options it understands.
    options: frozenset[str]
    #: Kinds of energy counters that cover what it computes on, the best first.
    counters: tuple[str, ...]
    #: Environment variable by which its vendor lets the instruction sets be capped; "" if there is none.
    instruction_set_variable: str
    #: Names of the columns of the environment sheet that make its workload.
    workload: frozenset[str]

    def versions(self) -> dict[str, str]:
        """Name and version of each library that decides what is measured."""

    def open(self, files: Mapping[str, str], workload: Mapping[str, int], options: Options, seed: int) -> Session:
        """Open a network.

        files: path of the network by precision (``fp32``, ``int8``, as far as the option space asks for them).
        workload: sizes of the input, such as ``batch`` and ``image_px``.
        options: one configuration; None stands for an inactive option.
        seed: of the random input.

        Raises UnsupportedConfigurationError, or whatever the library raises.
        """
