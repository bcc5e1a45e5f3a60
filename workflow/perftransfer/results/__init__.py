"""What the evaluation found: one aggregation, the tests on it, and how numbers are written.

Every sentence, table and figure that names an error reads it from here, so that two of them never
disagree.
"""
