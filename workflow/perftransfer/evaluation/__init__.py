"""Compare strategies: pools, test rows, cells, metrics; source models and similarity of environments."""
