"""What a format is: one file with one class derived from ``Format``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import perftransfer
from perftransfer.dataset.params import EnvironmentDescription
from perftransfer.errors import UserError
from perftransfer.levels import Configuration, level_text
from perftransfer.measuring import networks
from perftransfer.measuring.engines.interface import UnsupportedConfigurationError


@dataclass(frozen=True)
class Deployment:
    """A configuration that is to run outside perftransfer.

    Parameters
    ----------
    description
        The environment that it is recommended in.
    objective
        What it is recommended for.
    configuration, default
        Its levels and those of the default configuration; None for inactive options.
    """

    description: EnvironmentDescription
    objective: str
    configuration: Configuration
    default: Configuration

    @property
    def engine(self) -> str:
        """Name of the engine, "" if it is unknown."""
        return self.description.get("engine") or ""

    @property
    def network_file(self) -> str:
        """Name of the network's file in the precision of the configuration."""
        network = self.description.get("network") or "network"
        if network.endswith(".onnx"):
            return str(networks.files_named(Path(network))[str(self.configuration.get("precision") or "fp32")])
        return f"{network}.{self.configuration.get('precision') or 'fp32'}.onnx"


@dataclass(frozen=True)
class Snippet:
    """What to paste. remarks: what the text does not set; empty where they are comments of the text."""

    text: str
    remarks: tuple[str, ...] = ()


class Format(ABC):
    """A format of settings.

    Attributes
    ----------
    title
        What it is, for a heading.
    engine
        Name of the engine whose settings it holds; "" if it suits every engine.
    is_native
        Whether it is the format that the report shows for this engine.
    comment
        What begins a line that is a comment; "" if the format has none.
    options
        Names of the options that it can express; None if it can express all.
    """

    title: ClassVar[str]
    engine: ClassVar[str] = ""
    is_native: ClassVar[bool] = False
    comment: ClassVar[str] = ""
    options: ClassVar[frozenset[str] | None] = None

    def export(self, deployment: Deployment) -> Snippet:
        """Write a configuration, and remark on what the format cannot express.

        Raises UserError if the configuration is one of another engine, or not one of this engine.
        """
        if self.engine not in ("", deployment.engine):
            here = deployment.description.get("environment") or "the target"
            raise UserError(
                f"{here} has engine {deployment.engine or 'unknown'}, and this format is for {self.engine}. "
                "The format table suits every engine"
            )
        try:
            text = self.write(deployment)
        except UnsupportedConfigurationError as error:
            raise UserError(f"not a configuration of {self.engine}: {error}") from error
        remarks = (*_remarks(deployment), *self._inexpressible(deployment), *self.remarks(deployment))
        if not self.comment:
            return Snippet(text, remarks)
        objective, environment = deployment.objective, deployment.description.get("environment") or "the target"
        header = f"Recommended for {objective} in {environment}, by perftransfer {perftransfer.__version__}."
        return Snippet("".join(f"{self.comment}{line}\n" for line in (header, *remarks)) + text)

    @abstractmethod
    def write(self, deployment: Deployment) -> str:
        """Return the text without comments, ending in a newline.

        Raises UnsupportedConfigurationError if it is no configuration of the engine.
        """

    def remarks(self, deployment: Deployment) -> Iterator[str]:
        """Yield sentences on what the text leaves to its user, apart from options that it cannot express."""
        yield from ()

    def _inexpressible(self, deployment: Deployment) -> Iterator[str]:
        for name, level in deployment.configuration.items():
            # The network's file says its precision.
            if self.options is not None and level is not None and name not in self.options | {"precision"}:
                yield f"Not set here: {name}={level_text(level)}."


def _remarks(deployment: Deployment) -> Iterator[str]:
    """Yield what decides the performance as well, and is no setting of an engine."""
    description, precision = deployment.description, deployment.configuration.get("precision")
    if description.get("engine") == "simulated":
        yield "Not measured: simulated."
    if precision is not None:
        yield f"precision={level_text(precision)}: open the network's file in this precision."
    sizes = {name: description.get(name) for name in ("batch", "image_px")}
    words = [f"{name}={size}" for name, size in sizes.items() if size is not None]
    words += (description.get("sizes") or "").split()
    if words:
        yield f"Measured with input sizes {' '.join(words)}."
    cores = description.get("cores") or "all"
    if cores != "all":
        yield f"Measured with the process bound to {cores} CPU{'s' * (cores != '1')}."
    if description.get("settings"):
        yield f"Measured with hardware settings {description['settings']}."
