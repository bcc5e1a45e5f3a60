"""RS, random sampling: no transfer. What a strategy must beat."""

from perftransfer.designs.random import Random
from perftransfer.strategies._learner_on_target import LearnerOnTarget


class RS(LearnerOnTarget):
    """The learner, fitted to a random sample of the target (Iqbal et al. 2019, sec. 3)."""

    title = "random sampling"
    design = Random
    needs_source = False
