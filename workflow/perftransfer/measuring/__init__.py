"""Measures the configurations of one environment: processes, journal, clocks, counters; engines and networks."""
