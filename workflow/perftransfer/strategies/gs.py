"""GS, guided sampling: transfers which options and interactions matter."""

from perftransfer.designs.guided import Guided
from perftransfer.strategies._learner_on_target import LearnerOnTarget


class GS(LearnerOnTarget):
    """The learner, fitted to target configurations that vary what matters in the source (Iqbal et al. 2019, sec. 2)."""

    title = "guided sampling"
    design = Guided
    needs_source = True
