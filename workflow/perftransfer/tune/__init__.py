"""Find the best configuration for a network with one command: writes a study, runs it, says what to run."""
