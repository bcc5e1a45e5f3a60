"""A dozen configurations of ONNX Runtime, for studies that really measure and are over in seconds."""

from __future__ import annotations

SPACE = """\
options:
  intra_op_threads: {levels: [1, 2], ordered: true}
  graph_optimization_level: {levels: [disabled, basic, all], ordered: true, default: all}
  memory_arena: {levels: [true, false]}
"""
