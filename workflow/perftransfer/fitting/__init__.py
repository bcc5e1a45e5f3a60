"""Fit strategies and compute their prediction intervals: the same for evaluating and for recommending."""
