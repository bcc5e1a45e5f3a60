"""Gaussian processes over configurations, for few measurements: what strategies, designs and a learner share.

A function of the configuration is a sum of parts, each with a covariance and an unknown variance (``prior``). The
variances are not fitted but averaged over (``posterior``): from five measurements no best value can be told.
"""
