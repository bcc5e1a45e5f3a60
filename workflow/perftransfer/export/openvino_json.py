"""Properties of OpenVINO as JSON by device: what its tools read (``benchmark_app -load_config``)."""

from __future__ import annotations

import json
from collections.abc import Iterator

from perftransfer.export.interface import Deployment, Format
from perftransfer.measuring.engines import _openvino_options


class OpenVinoJson(Format):
    """Properties of OpenVINO by device: ``core.compile_model(model, device, properties)``."""

    title = "JSON for OpenVINO"
    engine = "openvino"
    is_native = True
    options = _openvino_options.NAMES

    def write(self, deployment: Deployment) -> str:
        """Return an object with the properties of one device."""
        configuration = deployment.configuration
        content = {_openvino_options.device(configuration): _openvino_options.properties(configuration)}
        return json.dumps(content, indent=2) + "\n"

    def remarks(self, deployment: Deployment) -> Iterator[str]:
        """Yield how the network was run."""
        yield "Measured with fixed shapes: call model.reshape before compile_model."
        if _openvino_options.properties(deployment.configuration)["PERFORMANCE_HINT"] == "THROUGHPUT":
            yield "Measured with OPTIMAL_NUMBER_OF_INFER_REQUESTS requests at once."
