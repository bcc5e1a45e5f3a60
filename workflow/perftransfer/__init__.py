"""Performance models of deep-neural-network systems: measured in one environment, carried to another."""

__version__ = "0.1.0"
