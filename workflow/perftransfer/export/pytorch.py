"""Python code that sets up PyTorch and a module of the user's."""

from __future__ import annotations

import json
from collections.abc import Iterator

from perftransfer.export.interface import Deployment, Format
from perftransfer.measuring.engines._pytorch_options import AUTOCAST, COMPILE, NAMES, translate


class PyTorch(Format):
    """Python code for PyTorch."""

    title = "Python code for PyTorch"
    engine = "pytorch"
    is_native = True
    comment = "# "
    options = NAMES - {"cuda_graphs"}

    def write(self, deployment: Deployment) -> str:
        """Return code that sets up PyTorch and ``module``, the user's, and defines ``infer``."""
        settings = translate(deployment.configuration)
        device = json.dumps(settings.device)
        lines = ["import torch", ""]
        lines += [f"{path}({argument!r})" for path, argument in settings.calls.items()]
        lines += [f"{path} = {value!r}" for path, value in settings.attributes.items()]
        lines.append(f"module = module.eval().to({device})  # your torch.nn.Module")
        body = [f"inputs = [x.to({device}) for x in inputs]"]
        if settings.channels_last:
            lines.append("module = module.to(memory_format=torch.channels_last)")
            body.append("inputs = [x.to(memory_format=torch.channels_last) if x.dim() == 4 else x for x in inputs]")
        if settings.compile_mode is not None:
            arguments = _keywords({"mode": settings.compile_mode, **COMPILE})
            lines.append(f"module = torch.compile(module, {arguments})")
        contexts = ["torch.inference_mode()"]
        if settings.autocast is not None:
            contexts.append(f"torch.autocast({device}, torch.{settings.autocast}, {_keywords(AUTOCAST)})")
        body += [f"with {', '.join(contexts)}:", "    return module(*inputs)"]
        lines += ["", "", "def infer(*inputs):", *(f"    {line}" for line in body)]
        return "\n".join(lines) + "\n"

    def remarks(self, deployment: Deployment) -> Iterator[str]:
        """Yield how the network was run."""
        yield "Measured with a translation of the network's ONNX file; a module of your own may differ."
        if translate(deployment.configuration).cuda_graphs:
            yield "Capture the inference as a CUDA graph: torch.cuda.CUDAGraph."


def _keywords(arguments: dict[str, object]) -> str:
    return ", ".join(
        f"{name}={json.dumps(value) if isinstance(value, str) else repr(value)}" for name, value in arguments.items()
    )
