"""What to measure next in a target, and what to run there."""
