"""What can be measured on this machine, what disturbs it now, and what is missing and why."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from perftransfer.errors import UserError
from perftransfer.measuring import counters, engines, fingerprint, hardware
from perftransfer.measuring.cgroups import Limits
from perftransfer.measuring.interference import DISTURBED_ABOVE, CpuTimes

# Packages that bring an engine, by its name; the others need nothing.
_PACKAGES = {
    "llamacpp": "perftransfer[llamacpp]",
    "onnxruntime": "perftransfer[onnxruntime]",
    "openvino": "perftransfer[openvino]",
    "pytorch": "perftransfer[pytorch]",
}
_SECONDS = 1.0


def findings(root: Path = Path("/"), sleep: Callable[[float], None] = time.sleep) -> Iterator[tuple[str, str]]:
    """Yield what was found: a topic, and a line about it.

    Parameters
    ----------
    root
        "/", or the top of another file tree.
    sleep
        Waits for a number of seconds, while the load of other processes is watched.
    """
    host, limits = fingerprint.host(root), Limits.read(root)
    virtual = ", a virtual machine" if host["virtual_machine"] else ""
    yield "processor", f"{host['processor']} ({host['architecture']}){virtual}; {host['system']}"
    text = f"{host['usable_cpus']} of {host['cpus']} can be used"
    if limits.cpus is not None:
        text += f"; a quota allows the time of {limits.cpus:g} CPUs: beyond, processes are halted"
    yield "CPUs", text
    memory = "unknown" if host["memory_gib"] is None else f"{host['memory_gib']} GiB"
    yield "memory", memory + (f", limited to {limits.memory_gib:.1f} GiB" if limits.memory_gib else "")
    yield "clock", host["governor"] or "no governor (as in virtual machines): the clock cannot be read or held"
    yield "instruction sets", ", ".join(host["instruction_sets"]) or "unknown"
    for gpu in host["gpus"] or ["none"]:
        yield "GPU", gpu
    yield "other processes", _load(sleep)
    there, missing = counters.available(root)
    for counter in there:
        yield "energy", counter.title
    for reason in missing:
        yield "energy", f"not counted: {reason}"
    for name in engines.names():
        try:
            versions = engines.load(name).versions()
        except UserError as error:
            yield "engine", f"{error}; pip install '{_PACKAGES[name]}'" if name in _PACKAGES else str(error)
        else:
            yield "engine", f"{name}{''.join(f' {version}' for version in versions.values())}"
    offered = hardware.options_offered(root)
    for setting, values in offered.items():
        yield "setting", f"{setting}: {' '.join(map(str, values))}"
    if not offered:
        yield "setting", "none can be changed here"


def _load(sleep: Callable[[float], None]) -> str:
    cpus = fingerprint.usable_cpus()
    before = CpuTimes.read(cpus)
    sleep(_SECONDS)
    share = CpuTimes.read(cpus).external_share_since(before)
    if share is None:
        return "unknown: the system does not report the time of its CPUs"
    text = f"take {100 * share:.0f} % of the CPUs' time now"
    limit = f"{100 * DISTURBED_ABOVE:.0f} %"
    return f"{text}, more than {limit}: measurements would be disturbed" if share > DISTURBED_ABOVE else text
