"""KT, kernel transfer: which options matter, and how they act together, is learnt in one source and kept."""

from perftransfer.strategies._gaussian_process import KernelTransfer


class KT(KernelTransfer):
    """A Gaussian process around an affine map of the source's value, its relevances those of the source.

    Ours. The map is that of a linear model shift (Valov et al., ICPE 2017), with a prior; what it leaves is a smooth
    function of the source's value (Jamshidi et al., SEAMS 2017, model source and target as one Gaussian process), the
    main effects of the source, rescaled one by one (by level, where options share their levels), and a smooth function
    of the options. Configurations are chosen greedily under this prior.
    """

    title = "kernel transfer"
