"""The job's end of the measuring server: starts it, asks it, replaces it when it is gone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from types import MappingProxyType, TracebackType
from typing import cast

from perftransfer.errors import UserError
from perftransfer.measuring.records import Outcome, Request
from perftransfer.package_path import package_path

_FIXED = {
    # An engine's libraries must not start threads of their own before the server forks, nor compute with more threads
    # than the configuration says.
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    # So that CUDA counts GPUs as the driver's own tools do.
    "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
}
# They change what is measured and are recorded nowhere, so only the environment's settings may set them.
_NOT_INHERITED = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY", "NVIDIA_TF32_OVERRIDE")
# A server may be killed once by accident; the second time, the measurement is the cause.
_TRIES = 2


class MeasuringServer:
    """A context manager around one server process for an engine on some CPUs.

    variables: environment variables of its process, in addition to those of this one.

    Raises UserError on entry if the engine cannot be loaded there; the server writes the reason to standard error.
    """

    def __init__(self, engine: str, cpus: list[int], variables: Mapping[str, str] = MappingProxyType({})) -> None:
        self.engine = engine
        self.cpus = cpus
        self.variables = variables
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> MeasuringServer:
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _start(self) -> None:
        inherited = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "perftransfer.measuring.server", self.engine, ",".join(map(str, self.cpus))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**inherited, **_FIXED, **self.variables, "PYTHONPATH": package_path()},
        )
        if self._exchange(None) is None:
            self._stop()
            raise UserError(f"engine {self.engine}: its measuring server did not start; see its messages above")

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _exchange(self, request: Request | None) -> Mapping[str, object] | None:
        """Send a request, if any, and wait for a line; None when the server is gone."""
        assert self._process is not None and self._process.stdin and self._process.stdout
        try:
            if request is not None:
                self._process.stdin.write(json.dumps(request).encode() + b"\n")
                self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            return None
        if not line.endswith(b"\n"):
            return None
        try:
            return dict(json.loads(line))
        except ValueError:
            # Not an answer of a server that can be trusted any more.
            return None

    def measure(self, request: Request) -> Outcome:
        """Measure one configuration in a fresh process and return its outcome (``server.measure``)."""
        for _ in range(_TRIES):
            outcome = self._exchange(request)
            if outcome is not None:
                # The server has checked it (``server.checked``).
                return cast(Outcome, outcome)
            self._stop()
            self._start()
        return {"status": "crashed", "error": f"the measuring server was killed, {_TRIES} times in a row"}
