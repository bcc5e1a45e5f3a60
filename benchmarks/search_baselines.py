"""Off-the-shelf optimisers on a table of measured configurations, for comparison by ``search.py``.

``run`` makes one search. All optimisers get the same treatment:

- They see values on the scale of learning, and the sources' rows that ``search.py`` drew.
- They start with min(10, n/3) measurements, n being the budget, chosen by the library at random (SMAC: a Sobol
  sequence). With ``_warm``, the first three of these are those that ``SOURCE_ORDER`` proposes; RGPE always starts with
  these three.
- What they propose is rounded to the nearest configuration that was not measured yet, by Gower's distance. They are
  told the value of the configuration that was measured.
- A configuration that failed counts as a measurement, and is told as the worst value measured so far. If there is none
  yet, it is told as soon as there is one.

Needs ``requirements-search.txt``; a library is imported when one of its optimisers is made.
"""

from __future__ import annotations

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from perftransfer.designs.interface import Evidence
from perftransfer.errors import UserError, unknown
from perftransfer.search._acquisition import log_expected_improvement
from perftransfer.search.interface import History
from perftransfer.search.source_order import SOURCE_ORDER
from perftransfer.space.encoding import distances, matrix
from perftransfer.space.options import Option

if TYPE_CHECKING:
    from ConfigSpace import Configuration
    from optuna.samplers import BaseSampler
    from optuna.trial import Trial

_MAX_START = 10
_N_WARM = 3
# Rows of a source from which RGPE estimates hyper-parameters, at a cubic cost in each of many steps. It predicts from
# all rows.
_MAX_ROWS_TO_FIT = 200
# Draws of each model from which RGPE estimates its weights.
_N_DRAWS = 256
# Candidates that SMAC passes over, as proposed before, until it takes the space to be exhausted.
_MAX_RETRIES = 1000
_WARM = 3
# Rows of a source from which RGPE estimates hyper-parameters, at a cubic cost in each of many steps. It predicts from
# all rows.
_MAX_ROWS_TO_FIT = 200
# Draws of each model from which RGPE estimates its weights.
_N_DRAWS = 256
# Candidates that SMAC looks at before it takes the space to be exhausted; it draws as many.
_MAX_RETRIES = 10_000
_WARM = "_warm"


@dataclass(frozen=True, eq=False)
class Table:
    """Configurations that may be measured, without options that have the same level in all of them.

    Parameters
    ----------
    codes
        Shape (rows, options).
    options
        Schema of the codes.
    """

    codes: np.ndarray
    options: tuple[Option, ...]

    @classmethod
    def varying(cls, codes: np.ndarray, options: Sequence[Option]) -> tuple[Table, np.ndarray]:
        """Return the table and the positions of its options among all ``options``."""
        columns = np.flatnonzero(np.ptp(codes, axis=0))
        return cls(codes[:, columns], tuple(options[i] for i in columns)), columns

    @cached_property
    def features(self) -> np.ndarray:
        """Numbers between 0 and 1 for Gaussian processes, shape (rows, columns)."""
        return matrix(self.codes, self.options, "scaled")

    def is_ordered(self, i: int) -> bool:
        """Whether the codes of option ``i`` are in order; the inactive level has no place in it."""
        return self.options[i].ordered and not self.options[i].conditional

    def nearest_free(self, codes: np.ndarray, is_free: np.ndarray, rng: np.random.Generator) -> int:
        """Return the free row that is nearest to a configuration, shape (options,); ties are broken at random."""
        distance = distances(self.codes, codes[None], self.options)[:, 0]
        distance[~is_free] = np.inf
        return int(rng.choice(np.flatnonzero(distance == distance.min())))


@dataclass(frozen=True, eq=False)
class Search:
    """A search to make.

    Parameters
    ----------
    table
        Configurations that may be measured.
    n
        Number of measurements, failures included.
    n_start
        Number of measurements, ``first`` included, before a model of the target decides.
    first
        Rows to measure before the optimiser is asked.
    seed
        Decides whatever is random.
    """

    table: Table
    n: int
    n_start: int
    first: tuple[int, ...]
    seed: int


class Optimiser(ABC):
    """Proposes configurations one by one, and is told values, not always of what it proposed."""

    def __init__(self, search: Search) -> None:
        self.search = search
        self.table = search.table

    @abstractmethod
    def ask(self) -> np.ndarray:
        """Propose a configuration: codes of shape (options,), possibly none of the table."""

    @abstractmethod
    def tell(self, row: int, value: float) -> None:
        """Take note of the value of a row of the table, lower being better."""


def search_table(optimiser: Optimiser, y: np.ndarray) -> list[int]:
    """Make the optimiser's search in a table of measured configurations.

    Parameters
    ----------
    optimiser
        Proposes what to measure.
    y
        Values of the table's rows, shape (rows,); NaN where the configuration failed.

    Returns
    -------
    list of int
        Rows in the order of measuring.
    """
    search = optimiser.search
    rng = np.random.default_rng(search.seed)
    is_free = np.ones(len(y), dtype=bool)
    order, untold = list[int](), list[int]()
    while len(order) < min(search.n, len(y)):
        if len(order) < len(search.first):
            row = search.first[len(order)]
        else:
            row = search.table.nearest_free(optimiser.ask(), is_free, rng)
        is_free[row] = False
        order.append(row)
        untold.append(row)
        if np.isfinite(y[order]).any():
            worst = float(np.nanmax(y[order]))
            for measured in untold:
                optimiser.tell(measured, float(y[measured]) if np.isfinite(y[measured]) else worst)
            untold.clear()
    return order


class OptunaOptimiser(Optimiser):
    """One of Optuna's samplers. Levels of ordered options are integers, of others categories."""

    def __init__(self, search: Search, sampler: BaseSampler) -> None:
        import optuna

        super().__init__(search)
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._study = optuna.create_study(sampler=sampler)
        self._distributions: dict[str, optuna.distributions.BaseDistribution] = {}
        for i, option in enumerate(self.table.options):
            n_levels = len(option.texts)
            self._distributions[option.name] = (
                optuna.distributions.IntDistribution(0, n_levels - 1)
                if self.table.is_ordered(i)
                else optuna.distributions.CategoricalDistribution(range(n_levels))
            )
        self._asked: Trial | None = None

    def ask(self) -> np.ndarray:
        """Propose what the sampler draws."""
        self._close()
        self._asked = self._study.ask(self._distributions)
        return np.array([self._asked.params[name] for name in self._distributions])

    def tell(self, row: int, value: float) -> None:
        """Add a trial of the row."""
        from optuna.trial import create_trial

        self._close()
        params = dict(zip(self._distributions, self.table.codes[row].tolist(), strict=True))
        self._study.add_trial(create_trial(params=params, distributions=self._distributions, value=value))

    def _close(self) -> None:
        # What is told is the row that was measured; samplers ignore the proposal itself once it has failed.
        if self._asked is not None:
            from optuna.trial import TrialState

            self._study.tell(self._asked, state=TrialState.FAIL)
            self._asked = None


class SmacOptimiser(Optimiser):
    """SMAC's random forest, with its settings for hyper-parameter optimisation.

    It takes logarithms itself, in which all numbers up to 0 are the same. So it is told exponentials of values.
    """

    def __init__(self, search: Search) -> None:
        from ConfigSpace import Categorical, ConfigurationSpace, Integer
        from smac import HyperparameterOptimizationFacade as Facade
        from smac import Scenario

        super().__init__(search)
        self._space = ConfigurationSpace(seed=search.seed)
        for i, option in enumerate(self.table.options):
            n_levels = len(option.texts)
            self._space.add(
                Integer(option.name, (0, n_levels - 1))
                if self.table.is_ordered(i)
                else Categorical(option.name, list(range(n_levels)))
            )
        self._folder = tempfile.TemporaryDirectory()
        scenario = Scenario(
            self._space,
            output_directory=Path(self._folder.name),
            deterministic=True,
            n_trials=search.n,
            seed=search.seed,
        )
        n_design = max(1, search.n_start - len(search.first))
        design = Facade.get_initial_design(scenario, n_configs=n_design, max_ratio=1.0)
        # By default the forest learns from every eighth measurement: too late for twenty. And it has 10,000 candidates,
        # among which those of a small space recur until SMAC takes it to be exhausted.
        selector = Facade.get_config_selector(scenario, retrain_after=1, retries=_MAX_RETRIES)
        maximiser = Facade.get_acquisition_maximizer(scenario, challengers=len(self.table.codes))
        self._smac = Facade(
            scenario,
            _not_called,
            initial_design=design,
            config_selector=selector,
            acquisition_maximizer=maximiser,
            overwrite=True,
            logging_level=False,
        )
        self._trial_seed: int | None = None
        self._untold = list[tuple[int, float]]()

    def ask(self) -> np.ndarray:
        """Propose the next configuration of the design, then the one that SMAC selects."""
        from ConfigSpace import Configuration
        from smac.runhistory.dataclasses import TrialInfo, TrialValue

        names = [option.name for option in self.table.options]
        # SMAC goes on only from trials with the seed that it draws for its first proposal. A proposal that was rounded
        # stays one that runs, and SMAC learns from what has ended.
        if self._trial_seed is not None:
            for row, value in self._untold:
                measured = Configuration(self._space, dict(zip(names, self.table.codes[row].tolist(), strict=True)))
                self._smac.tell(
                    TrialInfo(measured, seed=self._trial_seed), TrialValue(float(np.exp(value))), save=False
                )
            self._untold.clear()
        trial = self._smac.ask()
        self._trial_seed = trial.seed
        return np.array([int(trial.config[name]) for name in names])

    def tell(self, row: int, value: float) -> None:
        """Keep the value until SMAC is asked."""
        self._untold.append((row, value))


def _not_called(config: Configuration, seed: int = 0) -> float:
    raise NotImplementedError("values are told")


class GaussianProcess:
    """BoTorch's Gaussian process of standardised values, with BoTorch's priors.

    Parameters
    ----------
    X
        Features, shape (rows, columns).
    y
        Values, shape (rows,).
    rng
        Draws the rows that the hyper-parameters are estimated from, if there are more than ``_MAX_ROWS_TO_FIT``.
    """

    def __init__(self, X: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> None:
        import torch
        from botorch.fit import fit_gpytorch_mll
        from botorch.models import SingleTaskGP
        from gpytorch.mlls import ExactMarginalLogLikelihood

        inputs, targets = torch.as_tensor(X), torch.as_tensor(standardised(y))
        rows = np.sort(rng.permutation(len(y))[:_MAX_ROWS_TO_FIT])
        self._model = SingleTaskGP(inputs[rows], targets[rows, None], outcome_transform=None)
        fit_gpytorch_mll(ExactMarginalLogLikelihood(self._model.likelihood, self._model))
        self._model.set_train_data(inputs, targets, strict=False)
        self._model.eval()
        self.z = targets.numpy()

    def predict(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of the function at each row, both of shape (rows,)."""
        import torch

        with _exact():
            posterior = self._model.posterior(torch.as_tensor(X))
            return posterior.mean.numpy()[:, 0], posterior.variance.numpy()[:, 0] ** 0.5

    def draw(self, X: np.ndarray, n: int) -> np.ndarray:
        """Draw functions, jointly at all rows, shape (n, rows)."""
        import torch

        with _exact():
            draws: np.ndarray = self._model.posterior(torch.as_tensor(X)).sample(torch.Size([n])).numpy()[..., 0]
        return draws

    def left_out(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of the function at each row it was fitted to, from the others; shape (rows,).

        Rasmussen and Williams, Gaussian Processes for Machine Learning, MIT Press 2006, equation 5.12.
        """
        with _exact():
            (inputs,) = self._model.train_inputs
            prior = self._model.forward(inputs)
            noise = float(self._model.likelihood.noise)
            mean, covariance = prior.mean.numpy(), prior.covariance_matrix.numpy()
        precision = np.linalg.inv(covariance + noise * np.eye(len(mean)))
        variance = 1 / np.diag(precision)
        return self.z - (precision @ (self.z - mean)) * variance, np.sqrt(np.maximum(variance - noise, 0))


@contextmanager
def _exact() -> Iterator[None]:
    """Predict without gradients, and without the approximations that GPyTorch makes for many rows."""
    import gpytorch
    import torch

    with torch.no_grad(), gpytorch.settings.max_cholesky_size(1_000_000):
        yield


class BotorchOptimiser(Optimiser):
    """BoTorch's Gaussian process of the target, and the row of the table with the largest expected improvement.

    The first rows are drawn at random.
    """

    def __init__(self, search: Search) -> None:
        import torch

        super().__init__(search)
        torch.manual_seed(search.seed)
        self.rng = np.random.default_rng(search.seed)
        self.rows = list[int]()
        self.values = list[float]()

    def tell(self, row: int, value: float) -> None:
        """Keep the value."""
        self.rows.append(row)
        self.values.append(value)

    def ask(self) -> np.ndarray:
        """Propose a random row, and later the most promising one."""
        is_start = len(self.rows) < self.search.n_start
        row = int(self.rng.integers(len(self.table.codes))) if is_start else self._most_promising()
        codes: np.ndarray = self.table.codes[row]
        return codes

    def _most_promising(self) -> int:
        mean, std = self.predict(GaussianProcess(self.table.features[self.rows], np.array(self.values), self.rng))
        score = log_expected_improvement(mean, std, float(mean[self.rows].min()))
        score[self.rows] = -np.inf
        return int(np.argmax(score))

    def predict(self, target: GaussianProcess) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of each row of the table, both of shape (rows,)."""
        return target.predict(self.table.features)


class RgpeOptimiser(BotorchOptimiser):
    """Ensemble of Gaussian processes of the sources and the target, weighted by how well each ranks what was measured.

    Feurer, Letham and Bakshy, "Scalable meta-learning for Bayesian optimization using ranking-weighted Gaussian process
    ensembles", AutoML workshop at ICML 2018: section 4, with weights as in section 4.2 and sources left out as in 4.3.

    Parameters
    ----------
    search
        The search to make.
    sources
        Codes of the table's options, shape (rows, options), and values, shape (rows,), of each source.
    """

    def __init__(self, search: Search, sources: Sequence[tuple[np.ndarray, np.ndarray]]) -> None:
        super().__init__(search)
        self._sources = [GaussianProcess(matrix(X, self.table.options, "scaled"), y, self.rng) for X, y in sources]
        self._predictions = [source.predict(self.table.features) for source in self._sources]

    def predict(self, target: GaussianProcess) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of each row of the table by the ensemble, both of shape (rows,)."""
        weights = self._weights(target)
        means, stds = zip(*self._predictions, target.predict(self.table.features), strict=True)
        return weights @ np.array(means), np.sqrt(weights**2 @ np.array(stds) ** 2)

    def _weights(self, target: GaussianProcess) -> np.ndarray:
        """Share of draws in which each model ranks best, the target's last; shape (sources + 1,)."""
        X, z = self.table.features[self.rows], target.z
        losses = []
        for source in self._sources:
            draws = source.draw(X, _N_DRAWS)
            losses.append(ranking_loss(draws[:, :, None] < draws[:, None, :], z))
        mean, std = target.left_out()
        draws = self.rng.normal(mean, std, (_N_DRAWS, len(z)))
        losses.append(ranking_loss(draws[:, :, None] < z, z))
        return ranking_weights(np.array(losses))


def ranking_loss(is_less: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Number of pairs that each draw ranks otherwise than the values ``z``, shape (draws,).

    is_less: whether the first of a pair is less than the second one by a draw, shape (draws, rows, rows).
    """
    is_wrong = is_less ^ (z[:, None] < z)
    is_wrong[:, np.arange(len(z)), np.arange(len(z))] = False
    loss: np.ndarray = is_wrong.sum(axis=(1, 2))
    return loss


def ranking_weights(losses: np.ndarray) -> np.ndarray:
    """Share of draws in which each model has the least loss, ties shared; shape (models,).

    A source is left out if half of its losses are above the 95th percentile of the target's.

    losses: shape (models, draws); the last model is that of the target.
    """
    is_used = np.median(losses, axis=1) <= np.percentile(losses[-1], 95)
    is_used[-1] = True
    losses = np.where(is_used[:, None], losses, np.inf)
    is_best = losses == losses.min(axis=0)
    shares: np.ndarray = (is_best / is_best.sum(axis=0)).mean(axis=1)
    return shares


def standardised(y: np.ndarray) -> np.ndarray:
    """Values less their mean, by their standard deviation (of a sample) unless it is 0 or unknown; shape (rows,)."""
    std = y.std(ddof=1) if len(y) > 1 else 0.0
    z: np.ndarray = (y - y.mean()) / (std or 1.0)
    return z


def _optuna_gp(search: Search) -> Optimiser:
    from optuna.samplers import GPSampler

    return OptunaOptimiser(search, GPSampler(seed=search.seed, n_startup_trials=search.n_start))


def _optuna_tpe(search: Search) -> Optimiser:
    from optuna.samplers import TPESampler

    return OptunaOptimiser(search, TPESampler(seed=search.seed, n_startup_trials=search.n_start))


#: Optimisers that do not use sources, by name.
OPTIMISERS: dict[str, Callable[[Search], Optimiser]] = {
    "optuna_gp": _optuna_gp,
    "optuna_tpe": _optuna_tpe,
    "smac_rf": SmacOptimiser,
    "botorch_gp": BotorchOptimiser,
}
#: Names of all methods.
METHODS = (*OPTIMISERS, *(name + _WARM for name in OPTIMISERS), "rgpe")


def run(
    name: str,
    X_codes: np.ndarray,
    options: Sequence[Option],
    sources: Sequence[Evidence],
    y: np.ndarray,
    n: int,
    seed: int,
) -> list[int]:
    """Search a table of measured configurations.

    Parameters
    ----------
    name
        One of ``METHODS``.
    X_codes
        Configurations that may be measured, shape (rows, options).
    options
        Schema of the codes.
    sources
        What was measured in the sources.
    y
        Values in the target on a logarithmic scale, shape (rows,); NaN where the configuration failed.
    n
        Number of measurements.
    seed
        Decides whatever is random; 32 bits.

    Returns
    -------
    list of int
        Rows in the order of measuring.

    Raises
    ------
    UserError
        If there is no such method, or it needs a source and there is none.
    """
    if name not in METHODS:
        raise UserError(unknown("--methods", "method", name, METHODS))
    uses_sources = name == "rgpe" or name.endswith(_WARM)
    if uses_sources and not sources:
        raise UserError(f"--methods: {name} needs a source")
    first = (
        tuple(SOURCE_ORDER(X_codes, options, sources, seed).propose(History.empty(), _N_WARM)) if uses_sources else ()
    )
    table, columns = Table.varying(X_codes, options)
    n_start = max(1, min(_MAX_START, n // 3))
    if name == "rgpe":
        measured = [(source.codes[:, columns], source.y) for source in sources]
        return search_table(RgpeOptimiser(Search(table, n, len(first), first, seed), measured), y)
    return search_table(OPTIMISERS[name.removesuffix(_WARM)](Search(table, n, n_start, first, seed)), y)
