"""A whole study on the analytic engine: every stage of the pipeline, in seconds."""

from __future__ import annotations

from clones import Clone

SPACE = """\
options:
  threads: {levels: [1, 2, 4], ordered: true}
  optimisation: {levels: [low, medium, high], ordered: true, default: high}
  precision: {levels: [fp32, int8]}
  spinning: {levels: [true, false]}
  memory: {levels: [true, false]}
conditions:
  - option: spinning
    when: {threads: [2, 4]}
forbidden:
  - {precision: int8, optimisation: low}
"""
SHEET = """\
environment\thardware\temulated\tcores\tengine\tnetwork\tspace\tbatch\timage_px
simulated-small\tnone\tno\t1\tsimulated\tnone\tsimulated\t1\t128
simulated-large\tnone\tno\t1\tsimulated\tnone\tsimulated\t1\t256
"""
STUDY = """\
study: toy
environments: config/simulated.tsv
measuring: {configurations: 24, repeats: 2}
learning: {learners: [RT]}
evaluation: {budgets: [5, 10], repeats: 2, strategies: [RS, LMS]}
search: {measurements: 4, repeats: 1}
figures: [influence]
tables: [options, errors]
"""


def write_into(clone: Clone, study: str = STUDY) -> None:
    clone.write("config/spaces/simulated.yaml", SPACE)
    clone.write("config/simulated.tsv", SHEET)
    clone.write("config/toy.yaml", study)
