from __future__ import annotations

import numpy as np
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import make_friedman1
from sklearn.utils.estimator_checks import check_estimator
from spaces import factorial

from perftransfer import learners, model_file
from perftransfer.learners import _mars, mars
from perftransfer.learners._mars import MARS

pytestmark = pytest.mark.filterwarnings("error")


def above(x: np.ndarray, knot: float) -> np.ndarray:
    return np.maximum(x - knot, 0.0)


def grid(*levels: int) -> np.ndarray:
    """All combinations of so many levels from 0 to 1, shape (rows, columns)."""
    axes = np.meshgrid(*(np.linspace(0.0, 1.0, n) for n in levels), indexing="ij")
    return np.stack([axis.ravel() for axis in axes], axis=1)


def columns_used(model: MARS) -> set[int]:
    return set(model.columns_[model.columns_ >= 0].tolist())


def interactions(model: MARS) -> int:
    """Largest number of columns in one term."""
    return int((model.columns_ >= 0).sum(axis=1).max())


# The checks do on purpose what scikit-learn warns of.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("degree", [1, 2])
def test_it_keeps_to_the_conventions_of_scikit_learn(degree):
    results = check_estimator(MARS(degree=degree), on_skip=None)
    assert len(results) > 40
    assert {result["check_name"] for result in results if result["status"] != "passed"} <= {"check_array_api_input"}


def test_a_hinge_is_found_with_its_knot():
    X = grid(12)
    knot = X[4, 0]
    model = MARS().fit(X, 5.0 - 3.0 * above(X[:, 0], knot))
    assert model.columns_.tolist() == [[-1, -1], [0, -1]]
    assert (model.knots_[1, 0], model.signs_[1, 0]) == (knot, 1.0)
    assert model.coef_ == pytest.approx([5.0, -3.0], abs=1e-10)
    between = np.linspace(-1, 2, 50)[:, None]
    assert model.predict(between) == pytest.approx(5.0 - 3.0 * above(between[:, 0], knot), abs=1e-8)


def test_a_mirrored_hinge_of_raw_hertz_is_found():
    X = 1e9 * (1.0 + grid(10))
    knot = X[6, 0]
    y = 1e-6 + 2e-12 * above(-X[:, 0], -knot)
    model = MARS().fit(X, y)
    assert len(model.coef_) == 2
    assert (model.knots_[1, 0], model.signs_[1, 0]) == (knot, -1.0)
    assert model.predict(X) == pytest.approx(y, rel=1e-8)


def test_a_line_takes_one_term_and_goes_on_beyond_the_rows():
    X = np.random.default_rng(0).random((60, 3))
    model = MARS().fit(X, 2.0 - 7.0 * X[:, 1])
    assert model.columns_.tolist() == [[-1, -1], [1, -1]]
    assert model.signs_[1, 0] == 0.0
    far = np.array([[0.0, -9.0, 0.0], [0.0, 9.0, 0.0]])
    assert model.predict(far) == pytest.approx([65.0, -61.0], abs=1e-8)


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_a_sum_of_hinges_is_found(degree):
    X = grid(6, 8, 3)
    y = 1.0 + 2.0 * above(X[:, 0], 0.4) - 1.5 * above(-X[:, 1], -5 / 7)
    model = MARS(degree=degree, threshold=0.0).fit(X, y)
    assert model.predict(X) == pytest.approx(y, abs=1e-8)
    assert columns_used(model) == {0, 1}


def test_a_product_of_hinges_is_found_by_interactions_only():
    X = grid(6, 6, 2)
    y = 1.0 + 4.0 * above(X[:, 0], 0.4) * above(X[:, 1], 0.2)
    model = MARS(threshold=0.0).fit(X, y)
    assert model.predict(X) == pytest.approx(y, abs=1e-8)
    assert interactions(model) == 2
    additive = MARS(degree=1, threshold=0.0).fit(X, y)
    assert interactions(additive) == 1
    assert additive.score(X, y) < 0.95


def test_three_columns_interact_in_degree_3_only():
    X = grid(3, 3, 3)
    y = X.prod(axis=1)
    assert MARS(degree=3, threshold=0.0).fit(X, y).predict(X) == pytest.approx(y, abs=1e-8)
    assert interactions(MARS(threshold=0.0).fit(X, y)) == 2


@pytest.mark.parametrize(("rows", "least"), [(200, 0.95), (500, 0.98)])
@pytest.mark.parametrize("seed", range(3))
def test_friedmans_function_is_learnt_from_its_five_columns(rows, least, seed):
    X, y = make_friedman1(rows, n_features=10, noise=1.0, random_state=seed)
    model = MARS().fit(X, y)
    # A column of noise that lowers the cross-validation error by chance is rare, and rarer with more rows.
    assert columns_used(model) >= {0, 1, 2, 3, 4}
    assert rows < 500 or columns_used(model) == {0, 1, 2, 3, 4}
    unseen, truth = make_friedman1(2000, n_features=10, noise=0.0, random_state=99)
    assert model.score(unseen, truth) > least
    # Without the product in its sine the function is no longer there.
    assert MARS(degree=1).fit(X, y).score(unseen, truth) < 0.93


def test_pruning_takes_away_what_only_noise_made_grow():
    random = np.random.default_rng(3)
    X = random.random((200, 6))
    y = 2.0 * X[:, 0] + random.normal(0, 0.2, 200)
    grown = MARS(penalty=0.0, threshold=0.0).fit(X, y)
    pruned = MARS(threshold=0.0).fit(X, y)
    assert len(grown.coef_) > 15
    assert columns_used(pruned) == {0}
    assert len(pruned.coef_) <= 3
    assert len(MARS().fit(X, random.normal(size=200)).coef_) <= 2


def test_the_models_error_is_the_generalised_cross_validation_error_of_its_residual():
    X, y = make_friedman1(80, noise=1.0, random_state=0)
    for penalty in (0.0, 3.0):
        model = MARS(penalty=penalty).fit(X, y)
        terms = len(model.coef_)
        effective = terms + penalty * (terms - 1) / 2
        assert model.gcv_ == pytest.approx(np.mean((y - model.predict(X)) ** 2) / (1 - effective / 80) ** 2)


def test_no_model_has_more_terms_than_allowed():
    X, y = make_friedman1(300, random_state=0)
    for most in (1, 2, 3, 8):
        assert len(MARS(max_terms=most, penalty=0.0, threshold=0.0).fit(X, y).coef_) == most
    assert len(MARS(penalty=0.0, threshold=0.0).fit(X, y).coef_) <= 21


@pytest.mark.parametrize("degree", [1, 2])
@pytest.mark.parametrize("kind", ["levels", "values"])
def test_what_the_forward_pass_weighs_is_what_least_squares_finds(degree, kind):
    random = np.random.default_rng(4)
    X = random.integers(0, 6, (50, 3)).astype(float) if kind == "levels" else random.random((50, 3))
    y = random.normal(size=50)
    y -= y.mean()
    forward = _mars._Forward(X, y, degree, 15, 1.0)

    def squares(*columns: np.ndarray) -> float:
        basis = np.stack([*forward.basis[: forward.size], *columns], axis=1)
        return float(((y - basis @ np.linalg.lstsq(basis, y, rcond=None)[0]) ** 2).sum())

    for _ in range(4):
        gains = forward._gains()[0]
        for row, parent in enumerate(forward.parents):
            for candidate in np.flatnonzero(forward.allowed[row]):
                away = X[:, forward.column_of[candidate]] - forward.knot[candidate]
                pair = (forward.basis[parent] * above(side, 0.0) for side in (away, -away))
                assert gains[row, candidate] == pytest.approx(squares() - squares(*pair), abs=1e-10 * float(y @ y))
        assert forward.extend(0.0)


def test_columns_of_many_values_offer_knots_apart_from_each_other():
    random = np.random.default_rng(5)
    rare = np.concatenate([np.zeros(970), np.arange(30)])
    X = np.stack([random.random(1000), random.integers(0, 20, 1000), np.zeros(1000), rare], axis=1)
    (values, levels, constant, mostly_zero), ends = _mars._knots(X)
    assert levels.tolist() == list(range(19))
    assert len(constant) == 0
    assert mostly_zero[0] == 0.0
    assert values[0] == X[:, 0].min()
    assert 100 < len(values) < 150
    assert np.diff(np.searchsorted(np.sort(X[:, 0]), values)).min() >= 7
    # Eq. 45: 3 - log2(0.05 / 4) is 9.3.
    assert ends.tolist() == [9, 0, 0, 9]


def test_a_column_with_one_frequent_value_is_not_lost():
    X = np.concatenate([np.zeros(970), np.arange(30)])[:, None]
    assert MARS().fit(X, 2.0 * X[:, 0]).predict([[7.0]]) == pytest.approx([14.0])


def test_no_hinge_is_learnt_from_a_handful_of_rows():
    for seed in range(5):
        X, y = make_friedman1(100, noise=1.0, random_state=seed)
        model = MARS(threshold=0.0, penalty=0.0).fit(X, y)
        hinges = [row for row in range(len(model.coef_)) if model.signs_[row, 0] != 0 and model.columns_[row, 1] < 0]
        seen = (terms_at(model, X)[:, hinges] != 0).sum(axis=0)
        assert seen.min() >= 9


@pytest.mark.parametrize("rows", [1, 2, 3, 5])
def test_few_rows_are_enough_for_an_answer(rows):
    X = np.array([[0.0, 1.0, 5.0], [1.0, 1.0, 5.0], [2.0, 1.0, 7.0], [3.0, 1.0, 7.0], [4.0, 1.0, 5.0]])[:rows]
    y = np.array([1.0, 4.0, 2.0, 8.0, 5.0])[:rows]
    for degree in (1, 2):
        predicted = MARS(degree=degree).fit(X, y).predict(X)
        assert predicted.mean() == pytest.approx(y.mean())


def test_five_rows_make_a_line():
    X = np.arange(5.0)[:, None]
    assert MARS().fit(X, 3 * X[:, 0]).predict([[10.0]]) == pytest.approx([30.0])


def test_a_constant_target_is_predicted_to_the_bit():
    X = np.random.default_rng(6).random((49, 2))
    model = MARS(threshold=0.0).fit(X, np.full(49, 0.1))
    assert len(model.coef_) == 1
    assert (model.predict(X) == 0.1).all()


def test_constant_equal_and_dependent_columns_are_passed_over():
    random = np.random.default_rng(7)
    x, z = random.integers(0, 5, (2, 80)).astype(float)
    X = np.stack([np.ones(80), x, x, 2 * x + 1, z, x + z], axis=1)
    y = x * z
    model = MARS(threshold=0.0).fit(X, y)
    assert model.predict(X) == pytest.approx(y, abs=1e-8)
    assert 0 not in columns_used(model)
    assert np.linalg.matrix_rank(terms_at(model, X)) == len(model.coef_)


def terms_at(model: MARS, X: np.ndarray) -> np.ndarray:
    """Each term's values, shape (rows, terms), by the definition of the learnt attributes, one by one."""
    out = np.ones((len(X), len(model.coef_)))
    for term, factors in enumerate(zip(model.columns_, model.knots_, model.signs_, strict=True)):
        for column, knot, sign in zip(*factors, strict=True):
            if column >= 0:
                away = X[:, column] - knot
                out[:, term] *= away if sign == 0 else above(sign * away, 0.0)
    return out


def test_learnt_attributes_say_what_is_predicted():
    X, y = make_friedman1(150, random_state=0)
    model = MARS(degree=3).fit(X, y)
    assert terms_at(model, X) @ model.coef_ == pytest.approx(model.predict(X), abs=1e-9)
    assert {-1.0, 0.0, 1.0} >= set(model.signs_.ravel())
    # No column is twice in a term.
    assert all(len(used) == len(set(used)) for used in (row[row >= 0].tolist() for row in model.columns_))


def test_a_fit_changes_neither_its_data_nor_its_parameters_and_can_be_repeated():
    X, y = make_friedman1(100, random_state=0)
    given_X, given_y = X.copy(), y.copy()
    model = MARS(max_terms=None)
    first, again = model.fit(X, y).predict(X), clone(model).fit(X, y).predict(X)
    assert (first == again).all()
    assert (given_X == X).all()
    assert (given_y == y).all()
    assert model.get_params() == MARS().get_params()


@pytest.mark.parametrize("bad", [{"degree": 0}, {"max_terms": 0}, {"penalty": -1.0}, {"threshold": float("nan")}])
def test_a_parameter_out_of_its_range_is_refused_by_its_name(bad):
    with pytest.raises(ValueError, match=f"{next(iter(bad))}: at least"):
        MARS(**bad).fit(np.eye(3), np.arange(3.0))


def test_its_model_file_holds_one_type_of_our_own():
    X, y = make_friedman1(100, random_state=0)
    model = mars.MARS().estimator(0).fit(X, y)
    content = skops.io.dumps(model)
    assert skops.io.get_untrusted_types(data=content) == ["perftransfer.learners._mars.MARS"]
    loaded = skops.io.loads(content, trusted=list(model_file.ALLOWED_TYPES))
    assert (loaded.predict(X) == model.predict(X)).all()


def test_as_a_learner_it_finds_an_interaction_of_options():
    options, codes = factorial(threads=4, level=4, size=3)
    y = 1.0 + codes[:, 0] * (codes[:, 1] >= 2) + 0.5 * codes[:, 2]
    assert learners.make("MARS", options, 0).fit(codes, y).score(codes, y) > 0.999
    assert mars.MARS(degree=1).estimator(0).fit(codes, y).score(codes, y) < 0.95


# Few levels and small whole numbers, so that ties, equal rows and dependent columns are common.
small = st.integers(2, 25).flatmap(
    lambda rows: st.tuples(
        st.lists(st.lists(st.integers(0, 4), min_size=3, max_size=3), min_size=rows, max_size=rows),
        st.lists(st.integers(-9, 9), min_size=rows, max_size=rows),
    )
)


@settings(max_examples=60, deadline=None)
@given(small, st.randoms(use_true_random=False))
def test_the_order_of_rows_is_of_no_effect(data, random):
    X, y = (np.array(values, dtype=float) for values in data)
    order = random.sample(range(len(y)), len(y))
    for degree in (1, 2):
        model, other = MARS(degree=degree).fit(X, y), MARS(degree=degree).fit(X[order], y[order])
        assert (model.predict(X) == other.predict(X)).all()


@settings(max_examples=60, deadline=None)
@given(small, st.integers(-1000, 1000), st.sampled_from([0.25, 1.0, 64.0]))
def test_predictions_follow_a_shift_and_a_unit_of_the_target(data, shift, unit):
    X, y = (np.array(values, dtype=float) for values in data)
    predicted = MARS().fit(X, y).predict(X)
    assert MARS().fit(X, unit * y + shift).predict(X) == pytest.approx(unit * predicted + shift, abs=1e-6 * unit)


@settings(max_examples=60, deadline=None)
@given(small)
def test_no_model_fits_its_rows_worse_than_their_mean(data):
    X, y = (np.array(values, dtype=float) for values in data)
    model = MARS(threshold=0.0).fit(X, y)
    residual = y - model.predict(X)
    assert residual @ residual <= float(((y - y.mean()) ** 2).sum()) * (1 + 1e-9) + 1e-9
    # Least squares leave nothing along any term.
    assert terms_at(model, X).T @ residual == pytest.approx(0.0, abs=1e-6)
