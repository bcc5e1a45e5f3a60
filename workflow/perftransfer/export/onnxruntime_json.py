"""Settings of a session of ONNX Runtime as JSON, by ONNX Runtime's own names."""

from __future__ import annotations

import json
from collections.abc import Iterator

from perftransfer.export import onnxruntime_python
from perftransfer.export.interface import Deployment, Format
from perftransfer.measuring.engines._onnxruntime_options import NAMES, PROVIDERS, Member, translate


class OnnxRuntimeJson(Format):
    """JSON by ONNX Runtime's own names: attributes, entries, providers. docs/how-to/use.md shows how to load it."""

    title = "JSON for ONNX Runtime"
    engine = "onnxruntime"
    # Which CPUs threads are bound to is decided by the process that runs.
    options = NAMES - {"thread_affinity"}

    def write(self, deployment: Deployment) -> str:
        """Return an object of ``session_options``, ``session_config_entries``, ``run_config_entries``, ``providers``.

        Members of enumerations are texts. ``providers`` are pairs of a name and options, the preferred first.
        """
        settings = translate(deployment.configuration)
        providers = [[settings.provider, dict(settings.provider_options)]]
        if settings.provider != PROVIDERS["cpu"]:
            providers.append([PROVIDERS["cpu"], {}])
        content = {
            "session_options": {
                name: value.name if isinstance(value, Member) else value for name, value in settings.attributes.items()
            },
            "session_config_entries": dict(settings.entries),
            "run_config_entries": dict(settings.run_entries),
            "providers": providers,
        }
        return json.dumps(content, indent=2) + "\n"

    def remarks(self, deployment: Deployment) -> Iterator[str]:
        """Yield what the session needs."""
        yield from onnxruntime_python.remarks(deployment)
