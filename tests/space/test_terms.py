from __future__ import annotations

from perftransfer.space import terms


def test_a_term_is_written_as_in_r_and_read_again():
    for term, text in ((("core_freq",), "core_freq"), (("core_freq", "emc_freq"), "core_freq:emc_freq")):
        assert terms.name(term) == text
        assert terms.parse(text) == term
