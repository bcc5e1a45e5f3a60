"""Base classes of engines and their sessions."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from perftransfer import objectives
from perftransfer.levels import Configuration, Level
from perftransfer.measuring.feed import PlannedInput

Options = Configuration

#: Reserved option of the configuration in which the library is left alone, see ``Engine.left_alone``.
ENGINE_DEFAULT = "engine_default"


class UnsupportedConfigurationError(Exception):
    """The engine, or the machine, cannot do the configuration: a status of its row, not a failure of the run."""


class Session(ABC):
    """A network opened under one configuration, its input ready."""

    #: How many inferences one ``run`` does.
    inferences_per_run: int = 1
    #: Kinds of energy counters that cover what it computes on, the best first; None: the ``counters`` of its engine.
    counters: tuple[str, ...] | None = None

    @abstractmethod
    def run(self) -> None:
        """Do one inference, to its end."""

    @abstractmethod
    def close(self) -> None:
        """Release what the session holds."""

    def outputs(self) -> Mapping[str, object] | None:
        """Do one inference and return its outputs by name, as arrays of NumPy; None where the engine cannot.

        Called once, after all inferences were timed. Override it to have NaN and infinite outputs reported.
        """
        return None

    def take_series(self) -> Mapping[str, Sequence[float]]:
        """Return what else was timed in the runs since the last call: values by the name of the objective."""
        return {}

    def clock(self) -> float:
        """Return the seconds by which inferences are timed; override it for another time than the wall clock's."""
        return time.perf_counter()

    @property
    def has_own_clock(self) -> bool:
        """Whether its inferences are timed in another time than the wall clock's."""
        return type(self).clock is not Session.clock


class Engine(ABC):
    """An inference engine: opens networks under configurations.

    An engine is one file in ``engines/`` with one public subclass, or a user's own class, which the environment sheet
    names by its import path (``my_engines.Fast``). Its module may import the engine's library at its top: it is
    imported in the measuring server, and where a study that uses the engine is checked.

    An engine is created without arguments. Call sequence: ``versions`` in the job and in the server process, before
    the server forks; then for each measurement, in a process forked for it, ``open`` once, ``run`` of the session for
    warm-up and for each timed inference, and ``close``. ``perftransfer.testing.check_engine`` checks a class.
    """

    #: Name in the environment sheet, set by ``engines.load``.
    name: str = ""
    #: Whether each measurement needs a process of its own. Only an engine that measures nothing real may do without.
    isolated: ClassVar[bool] = True
    #: Names of the options it understands.
    options: ClassVar[frozenset[str]]
    #: Those that change what a network answers, not only how fast: who changes one has to check the accuracy.
    changes_outputs: ClassVar[frozenset[str]] = frozenset({"precision"})
    #: Names of the objectives that it measures.
    objectives: ClassVar[frozenset[str]] = frozenset(objectives.COMMON)
    #: Kinds of energy counters that cover what it computes on, the best first.
    counters: ClassVar[tuple[str, ...]] = ()
    #: Environment variable by which its vendor lets the instruction sets be capped; "" if there is none.
    instruction_set_variable: ClassVar[str] = ""
    #: Names of the columns of the environment sheet that make its workload.
    workload: ClassVar[frozenset[str]]
    #: Endings of the files that it reads: formats of networks.
    formats: ClassVar[frozenset[str]] = frozenset({"onnx"})
    #: What the inputs of the network are fed, by its precision; set before ``open``, which reads it by
    #: ``_reading.feed``.
    feeds: Mapping[str, Sequence[PlannedInput]] = {}

    def left_alone(self, default: Options) -> Options | None:
        """Return the configuration in which the library keeps all its own defaults; None if the engine has none.

        It has the option ``ENGINE_DEFAULT``, by which ``open`` recognises it, and no other option of the library. What
        is recommended is compared with it, next to the default configuration of the option space.

        Parameters
        ----------
        default
            The default configuration of the option space: says which of the network's files to open, for example.
        """
        return None

    @classmethod
    def level_problem(cls, option: str, level: Level) -> str | None:
        """Say why an option cannot have a level, whatever the other options, the machine and the version are.

        Asked before anything is measured. By default, nothing is known: None.

        Parameters
        ----------
        option
            One of ``options``.
        level
            A level in an option space.
        """
        return None

    @abstractmethod
    def versions(self) -> dict[str, str]:
        """Return name and version of each library that decides what is measured."""

    @abstractmethod
    def open(self, files: Mapping[str, str], workload: Mapping[str, int], options: Options, seed: int) -> Session:
        """Open a network, its input ready.

        Parameters
        ----------
        files
            Path of the network by precision (``fp32``, ``int8``, as far as the option space asks for them; of language
            models ``f16``, ``q8_0`` and so on).
        workload
            Sizes of the input by the sheet's names, such as ``batch`` and ``image_px``. ``feeds`` has the shapes that
            follow from them.
        options
            One configuration; None stands for an inactive option.
        seed
            Seed of the random input.

        Raises
        ------
        UnsupportedConfigurationError
            If the engine, or the machine, cannot do the configuration. Its row then has the status ``unsupported``;
            after any other exception, ``error``.
        """
