"""MKT, kernel transfer from many sources: what distinguishes the sources spans what the target may be."""

from perftransfer.strategies._gaussian_process import KernelTransfer


class MKT(KernelTransfer):
    """A Gaussian process around the mean of all sources, with the covariance among them as its kernel.

    Ours. The covariance among tasks as the kernel of another one is that of multi-task Gaussian processes (Bonilla,
    Chai and Williams, NIPS 2007) with as many factors as there are sources, and known in full.
    """

    title = "kernel transfer from many sources"
    uses_all_sources = True
