from __future__ import annotations

from perftransfer.evaluation.sources import sample_sources

NAMES = [f"e{i}" for i in range(40)]


def test_without_a_limit_all_other_environments_are_sources_of_a_target():
    for most in (None, 39, 100):
        assert sample_sources(NAMES, "e3", most, 1) == [name for name in NAMES if name != "e3"]


def test_sources_are_drawn_by_seed_and_target_in_the_order_of_the_study():
    by_target = {target: sample_sources(NAMES, target, 3, 1) for target in NAMES}
    assert all(len(sources) == 3 and target not in sources for target, sources in by_target.items())
    assert all(sources == [name for name in NAMES if name in sources] for sources in by_target.values())
    assert set(sample_sources(NAMES[::-1], "e3", 3, 1)) == set(by_target["e3"])
    assert len({tuple(sources) for sources in by_target.values()}) > 30
    assert set().union(*by_target.values()) > {*NAMES[::2]}
    assert sample_sources(NAMES, "e3", 3, 2) != by_target["e3"]


def test_one_environment_more_changes_at_most_one_source_of_a_target():
    changed = [
        set(sample_sources([*NAMES, "new"], name, 3, 1)) - set(sample_sources(NAMES, name, 3, 1)) for name in NAMES
    ]
    assert all(added <= {"new"} for added in changed)
    assert 0 < sum(map(len, changed)) < 15


def test_more_sources_hold_the_fewer_ones():
    assert set(sample_sources(NAMES, "e3", 3, 1)) < set(sample_sources(NAMES, "e3", 4, 1))
