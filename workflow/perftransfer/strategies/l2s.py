"""L2S, learning to sample: the source says where in the target's space to look."""

from perftransfer.designs.exploiting import Exploiting
from perftransfer.strategies._learner_on_target import LearnerOnTarget


class L2S(LearnerOnTarget):
    """The learner, fitted to configurations that exploit the source's influential terms, or explore at random.

    Jamshidi, Velez, Kästner and Siegmund, "Learning to sample: exploiting similarities across environments to learn
    performance models for configurable systems", ESEC/FSE 2018, section 4.
    """

    title = "learning to sample"
    design = Exploiting
    needs_source = True
