"""Rules of engines."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from perftransfer.measuring import counters, networks
from perftransfer.measuring.engines.interface import ENGINE_DEFAULT, Engine, Options, Session
from perftransfer.testing._rules import check, name_of, require, require_concrete, require_flags

_SIZES = {"batch": 1, "image_px": 32}


def check_engine(
    cls: type[Engine],
    files: Mapping[str, str] | None = None,
    workload: Mapping[str, int] | None = None,
    options: Options | None = None,
) -> None:
    """Check what an engine must fulfil (``measuring/engines/interface.py``).

    It opens a network in this process and runs it a few times.

    Parameters
    ----------
    cls
        Class derived from ``Engine``.
    files
        Path of a network by precision; by default SqueezeNet in fp32, which takes the package onnx to write.
    workload
        Sizes of its inputs; by default one image of 32 x 32 pixels.
    options
        A configuration that the engine can do on this machine; by default all options are inactive.

    Raises
    ------
    AssertionError
        If it breaks a rule; the message states the rule and what was found.
    """
    check(cls, RULES)
    sizes = _SIZES if workload is None else workload
    configuration: Options = dict.fromkeys(cls.options) if options is None else options
    with tempfile.TemporaryDirectory() as folder:
        if files is None:
            path = Path(folder, "squeezenet.onnx")
            networks.write("squeezenet", "fp32", path, seed=0)
            files = {"fp32": str(path)}

        def runs(cls: type[Engine]) -> None:
            """``open`` returns a session whose run does one inference each time, until close."""
            for _ in range(2):
                session = cls().open(dict(files), dict(sizes), dict(configuration), 0)
                require(
                    isinstance(session, Session), f"{type(session).__name__} is not derived from {name_of(Session)}"
                )
                for _ in range(3):
                    session.run()
                session.close()

        def keeps_time(cls: type[Engine]) -> None:
            """The clock of a session returns seconds that grow with each inference."""
            session = cls().open(dict(files), dict(sizes), dict(configuration), 0)
            before = session.clock()
            session.run()
            after = session.clock()
            require(isinstance(before, float) and isinstance(after, float), f"{before!r} and {after!r}")
            require(after > before, f"{before} before an inference and {after} after it")
            session.close()

        def returns_outputs(cls: type[Engine]) -> None:
            """``outputs`` of a session returns None, or the outputs of an inference by name."""
            session = cls().open(dict(files), dict(sizes), dict(configuration), 0)
            outputs = session.outputs()
            is_valid = outputs is None or (
                isinstance(outputs, Mapping) and all(isinstance(name, str) for name in outputs)
            )
            require(is_valid, f"{type(outputs).__name__}")
            session.close()

        def leaves_arguments(cls: type[Engine]) -> None:
            """``open`` leaves its arguments as they are."""
            arguments = dict(files), dict(sizes), dict(configuration)
            cls().open(*arguments, 0).close()
            require(arguments == (dict(files), dict(sizes), dict(configuration)), "changed arguments")

        check(cls, (runs, keeps_time, returns_outputs, leaves_arguments))


def _is_concrete(cls: type[Engine]) -> None:
    """An engine is derived from Engine and created without arguments."""
    require_concrete(cls, Engine)
    cls()


def _has_options(cls: type[Engine]) -> None:
    """``options`` and workload are frozen sets of names, options not empty."""
    for attribute in ("options", "workload"):
        value = getattr(cls, attribute, None)
        names = isinstance(value, frozenset) and all(isinstance(name, str) for name in value)
        require(names, f"{attribute} = {value!r}")
    require(cls.options, "no option")


def _has_counters(cls: type[Engine]) -> None:
    """``counters`` is a tuple of kinds of energy counters: rapl, hwmon, nvml."""
    kinds = cls.counters
    require(isinstance(kinds, tuple) and set(kinds) <= set(counters.CATALOGUE.names()), f"counters = {kinds!r}")


def _has_flags(cls: type[Engine]) -> None:
    """``isolated`` is True or False, and instruction_set_variable a text."""
    require_flags(cls, "isolated")
    require(isinstance(cls.instruction_set_variable, str), f"{cls.instruction_set_variable!r}")


def _tells_versions(cls: type[Engine]) -> None:
    """``versions`` maps each library to its version, the same each time."""
    versions = cls().versions()
    require(isinstance(versions, dict) and versions, f"{versions!r}")
    require(all(isinstance(text, str) and text for pair in versions.items() for text in pair), f"{versions!r}")
    require(versions == cls().versions(), f"{versions!r}, and then something else")


def _names_what_it_leaves_alone(cls: type[Engine]) -> None:
    """``left_alone`` returns None, or a configuration with the option engine_default, which is no option of its own."""
    require(ENGINE_DEFAULT not in cls.options, f"{ENGINE_DEFAULT} is among its options")
    configuration = cls().left_alone(dict.fromkeys(cls.options))
    require(configuration is None or configuration.get(ENGINE_DEFAULT) is True, f"{configuration!r}")


RULES: tuple[Callable[[type[Engine]], None], ...] = (
    _is_concrete,
    _has_options,
    _has_counters,
    _has_flags,
    _tells_versions,
    _names_what_it_leaves_alone,
)
