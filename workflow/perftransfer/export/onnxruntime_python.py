"""Python code that opens a session of ONNX Runtime."""

from __future__ import annotations

import json
from collections.abc import Iterator

from perftransfer.export.interface import Deployment, Format
from perftransfer.measuring.engines._onnxruntime_options import ENTRIES_SINCE, NAMES, PROVIDERS, Member, translate


class OnnxRuntimePython(Format):
    """Python code for ONNX Runtime."""

    title = "Python code for ONNX Runtime"
    engine = "onnxruntime"
    is_native = True
    comment = "# "
    options = NAMES

    def write(self, deployment: Deployment) -> str:
        """Return code that makes ``session``, and ``run_options`` where every inference needs some."""
        settings = translate(deployment.configuration)
        lines = ["import onnxruntime", "", "options = onnxruntime.SessionOptions()"]
        for name, value in settings.attributes.items():
            text = f"onnxruntime.{value.enumeration}.{value.name}" if isinstance(value, Member) else repr(value)
            lines.append(f"options.{name} = {text}")
        entries = {key: _quoted(text) for key, text in settings.entries.items()}
        if settings.pinned_threads:
            lines = ["import os", "", *lines]
            lines.append(f"cpus = sorted(os.sched_getaffinity(0))[:{settings.pinned_threads}]")
        if settings.pinned_threads > 1:
            # It counts CPUs from 1, and the calling thread is not one of its own.
            entries["session.intra_op_thread_affinities"] = '";".join(str(cpu + 1) for cpu in cpus[1:])'
        lines += [f"options.add_session_config_entry({_quoted(key)}, {text})" for key, text in entries.items()]
        providers = [_quoted(settings.provider)]
        if settings.provider == PROVIDERS["cuda"]:
            lines += ['if hasattr(onnxruntime, "preload_dlls"):', "    onnxruntime.preload_dlls()"]
            held = json.dumps(dict(settings.provider_options))
            providers = [f"({providers[0]}, {held})", _quoted(PROVIDERS["cpu"])]
        lines.append(f"providers = [{', '.join(providers)}]")
        file = _quoted(deployment.network_file)
        lines.append(f"session = onnxruntime.InferenceSession({file}, options, providers=providers)")
        if settings.pinned_threads:
            lines.append("os.sched_setaffinity(0, cpus[:1])  # the calling thread, after the others were started")
        if settings.run_entries:
            lines.append("run_options = onnxruntime.RunOptions()  # session.run(None, inputs, run_options)")
            lines += [
                f"run_options.add_run_config_entry({_quoted(key)}, {_quoted(text)})"
                for key, text in settings.run_entries.items()
            ]
        return "\n".join(lines) + "\n"

    def remarks(self, deployment: Deployment) -> Iterator[str]:
        """Yield what the session needs."""
        yield from remarks(deployment)


def remarks(deployment: Deployment) -> Iterator[str]:
    """Yield what a session of ONNX Runtime needs, apart from its settings."""
    settings = translate(deployment.configuration)
    if settings.since > ENTRIES_SINCE:
        version = ".".join(map(str, settings.since))
        yield f"Needs ONNX Runtime {version} or newer; older versions ignore entries that they do not know."
    if settings.provider == PROVIDERS["cuda"]:
        yield "Measured with inputs and outputs in the GPU's memory (session.io_binding)."


def _quoted(text: str) -> str:
    return json.dumps(text)
