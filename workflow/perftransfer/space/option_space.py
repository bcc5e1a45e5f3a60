"""Option spaces: which configurations may be chosen (a YAML file, held by ConfigSpace)."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perftransfer import yaml_file
from perftransfer.errors import UserError, shortened, unknown
from perftransfer.levels import level_problem
from perftransfer.space.enumeration import enumerate_configurations, valid_share
from perftransfer.space.options import INACTIVE, Level, Option, configuration_id, level_text
from perftransfer.space.relative import SIZES, is_positive

if TYPE_CHECKING:
    import ConfigSpace

# After this many draws without a new configuration, the space is small enough to list.
_MISSES_IN_A_ROW = 200
# Combinations of levels that are listed one by one, whether forbidden or not.
_LISTED_BY_PRODUCT = 100_000
# Draws that tell how many are valid, and the share below which they are too few to go on drawing.
_DRAWS, _RARE = 20_000, 1e-3
_OPTION_KEYS = {"levels", "ordered", "default", "description", "relative_to"}


class OptionSpace:
    """All configurations that may be chosen: options, conditions (an option is active when …), forbidden levels.

    content: the mapping of a space's file, ``{options: {name: {levels, ordered, default, description, relative_to}},
    conditions: [{option, when: {other: [levels]}}], forbidden: [{option: level, …}]}``.

    Raises UserError that lists all that is wrong with it.
    """

    def __init__(self, content: dict[str, object], where: str) -> None:
        self._where = where
        #: The mapping that it was made from: plain values.
        self.content = content
        self._problems: list[str] = []
        for key in content.keys() - {"options", "conditions", "forbidden"}:
            self._problems.append(unknown(where, "key", key, ["options", "conditions", "forbidden"]))
        conditions = self._mappings(content, "conditions")
        conditional = [item.get("option") for item in conditions]
        specifications = content.get("options")
        if not isinstance(specifications, dict) or not specifications:
            raise UserError(f"{where}: options: expected a mapping of option names to levels, found {specifications!r}")
        checked = (self._option(name, item, name in conditional) for name, item in specifications.items())
        self.options: tuple[Option, ...] = tuple(option for option in checked if option is not None)
        self._complain()
        self._by_name = {option.name: option for option in self.options}
        self._conditions = [
            self._checked_condition(f"{where}: conditions[{i}]", item) for i, item in enumerate(conditions)
        ]
        self._check_conditions()
        forbidden = self._mappings(content, "forbidden")
        self._forbidden = [self._checked_levels(f"{where}: forbidden[{i}]", item) for i, item in enumerate(forbidden)]
        for i, clause in enumerate(self._forbidden):
            if all(self._holds_by_default(name, texts) for name, texts in clause.items()):
                raise UserError(f"{where}: forbidden[{i}]: forbids the default configuration itself")

    @classmethod
    def read(cls, path: Path) -> OptionSpace:
        """Read a space's file."""
        return cls(yaml_file.read(path), str(path))

    def _complain(self) -> None:
        if self._problems:
            raise UserError("\n".join(self._problems))

    def _mappings(self, content: dict[str, object], key: str) -> list[dict[str, object]]:
        items = content.get(key) or []
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise UserError(f"{self._where}: {key}: expected a list of mappings, found {items!r}")
        return items

    def _option(self, name: str, item: Any, conditional: bool) -> Option | None:
        where = f"{self._where}: options.{name}"
        before = len(self._problems)
        if not isinstance(item, dict):
            self._problems.append(f"{where}: expected levels, ordered, default; found {item!r}")
            return None
        self._problems += [unknown(where, "key", key, sorted(_OPTION_KEYS)) for key in item.keys() - _OPTION_KEYS]
        levels = item.get("levels")
        if not isinstance(levels, list) or len(levels) < 2:
            self._problems.append(f"{where}.levels: expected a list of two or more values, found {shortened(levels)}")
            return None
        problems = [f"{where}.levels: found {shortened(x)}, {level_problem(x)}" for x in levels if level_problem(x)]
        if problems:
            self._problems += problems
            return None
        if len({level_text(level) for level in levels}) < len(levels):
            self._problems.append(f"{where}.levels: duplicate level in {levels}")
        default: Any = item.get("default", levels[0])
        if INACTIVE in map(level_text, levels):
            self._problems.append(f"{where}.levels: {INACTIVE!r} is reserved for inactive options; use another name")
        if level_text(default) not in map(level_text, levels):
            self._problems.append(unknown(f"{where}.default", "level", default, levels))
        size = item.get("relative_to") or ""
        if size and size not in SIZES:
            self._problems.append(unknown(f"{where}.relative_to", "size", size, SIZES))
        elif size and not all(map(is_positive, levels)):
            self._problems.append(f"{where}.relative_to: found {size}; levels have to be numbers above 0")
        if len(self._problems) > before:
            return None
        return Option(str(name), tuple(levels), bool(item.get("ordered", False)), default, conditional, size)

    def _checked_levels(self, where: str, assignments: Any) -> dict[str, list[str]]:
        """Check option names and levels of a condition or clause; return the texts of the levels by option."""
        if not isinstance(assignments, dict):
            raise UserError(f"{where}: expected a mapping of options to levels, found {assignments!r}")
        out: dict[str, list[str]] = {}
        for name, levels in assignments.items():
            if name not in self._by_name:
                self._problems.append(unknown(where, "option", name, self._by_name))
                continue
            option = self._by_name[name]
            listed = levels if isinstance(levels, list) else [levels]
            allowed = [level_text(level) for level in option.levels]
            for level in listed:
                if level_text(level) not in allowed:
                    self._problems.append(unknown(f"{where}: {name}", "level", level, option.levels))
            out[name] = [level_text(level) for level in listed]
        self._complain()
        return out

    def _checked_condition(self, where: str, item: dict[str, object]) -> tuple[str, dict[str, list[str]]]:
        """Return the option that a condition is about, and the levels of other options at which it is active."""
        for key in item.keys() - {"option", "when"}:
            self._problems.append(unknown(where, "key", key, ["option", "when"]))
        child = item.get("option")
        if child not in list(self._by_name):
            self._problems.append(unknown(f"{where}.option", "option", child, self._by_name))
        self._complain()
        when = self._checked_levels(f"{where}.when", item.get("when") or {})
        if not when:
            raise UserError(f"{where}: when: expected options and the levels at which {child} is active")
        return str(child), when

    def _check_conditions(self) -> None:
        children = [child for child, _ in self._conditions]
        for child in children:
            if children.count(child) > 1:
                raise UserError(
                    f"{self._where}: conditions: {child} has more than one condition; put all of them under one `when`"
                )
        try:
            TopologicalSorter({child: when.keys() for child, when in self._conditions}).prepare()
        except CycleError as error:
            circle = " <- ".join(error.args[1])
            raise UserError(f"{self._where}: conditions: circular: {circle}") from error

    def _holds_by_default(self, name: str, texts: list[str]) -> bool:
        """Whether the option is active in the default configuration, and has one of these levels there."""
        is_active = all(self._holds_by_default(*other) for other in dict(self._conditions).get(name, {}).items())
        return is_active and level_text(self._by_name[name].default) in texts

    @cached_property
    def _space(self) -> ConfigSpace.ConfigurationSpace:
        # Imported here: it takes a second, and checking a study does not need it.
        import ConfigSpace

        space = ConfigSpace.ConfigurationSpace(name=self._where)
        for option in self.options:
            kind = ConfigSpace.OrdinalHyperparameter if option.ordered else ConfigSpace.CategoricalHyperparameter
            texts = [level_text(level) for level in option.levels]
            space.add(kind(option.name, texts, default_value=level_text(option.default)))
        for child, when in self._conditions:
            parts = [ConfigSpace.InCondition(space[child], space[parent], texts) for parent, texts in when.items()]
            space.add(parts[0] if len(parts) == 1 else ConfigSpace.AndConjunction(*parts))
        for clause in self._forbidden:
            unwanted = [ConfigSpace.ForbiddenInClause(space[name], texts) for name, texts in clause.items()]
            space.add(unwanted[0] if len(unwanted) == 1 else ConfigSpace.ForbiddenAndConjunction(*unwanted))
        return space

    def _typed(self, configuration: Any) -> dict[str, Level | None]:
        """Turn one of ConfigSpace's configurations into option values; None where an option is inactive."""
        # As a vector it holds positions of levels, NaN for inactive options: ten times as fast as by name.
        positions = configuration.get_array()[self._order].tolist()
        return {
            option.name: None if math.isnan(position) else option.levels[int(position)]
            for option, position in zip(self.options, positions, strict=True)
        }

    @cached_property
    def _order(self) -> list[int]:
        """Where each option stands in ConfigSpace's vectors."""
        return [self._space.index_of[option.name] for option in self.options]

    def restricted(self, fixed: Mapping[str, Level]) -> OptionSpace:
        """Return the space with options held at one level, which is their default there.

        Raises
        ------
        UserError
            For an unknown option or level, or if the conditions make the option inactive.
        """
        if not fixed:
            return self
        options: dict[str, Any] = dict(self.content["options"])  # type: ignore[call-overload]
        forbidden = self._mappings(self.content, "forbidden")
        for name, level in fixed.items():
            if name not in self._by_name:
                raise UserError(unknown(self._where, "option", name, self._by_name))
            option = self._by_name[name]
            others = [other for other in option.levels if level_text(other) != level_text(level)]
            if len(others) == len(option.levels):
                raise UserError(unknown(f"{self._where}: {name}", "level", level, option.levels))
            options[name] = {**options[name], "default": level}
            forbidden = [*forbidden, {name: others}]
        return OptionSpace({**self.content, "options": options, "forbidden": forbidden}, self._where)

    @property
    def default(self) -> dict[str, Level | None]:
        """The configuration in which every option has its default level."""
        return self._typed(self._space.get_default_configuration())

    def one_at_a_time(self) -> Iterator[dict[str, Level | None]]:
        """Yield the configurations that differ from the default in one option.

        An option that the change activates takes its default; forbidden changes are skipped.
        """
        for _, _, changed in self.changes(self.default):
            yield changed

    def changes(
        self, configuration: Mapping[str, Level | None]
    ) -> Iterator[tuple[Option, Level, dict[str, Level | None]]]:
        """Yield the configurations that differ from one in one option, with that option and its level there.

        An option that the change activates takes its default; forbidden changes are skipped.
        """
        values: dict[str, object] = {
            name: level_text(level) for name, level in configuration.items() if level is not None
        }
        for option in self.options:
            for level in option.levels:
                if level_text(level) != values.get(option.name):
                    changed = self._changed(values, option.name, level_text(level))
                    if changed is not None:
                        yield option, level, changed

    def _changed(self, values: dict[str, object], name: str, text: str) -> dict[str, Level | None] | None:
        import ConfigSpace

        everything = {option.name: level_text(option.default) for option in self.options} | values | {name: text}
        try:
            changed = ConfigSpace.util.deactivate_inactive_hyperparameters(everything, self._space)
            changed.check_valid_configuration()
        except (ConfigSpace.ForbiddenValueError, ConfigSpace.InactiveHyperparameterSetError):
            return None
        # Changing an inactive option changes nothing.
        return self._typed(changed) if name in dict(changed) else None

    @cached_property
    def grid(self) -> list[dict[str, Level | None]]:
        """All configurations of the space, in a fixed order.

        Raises UserError if they cannot be listed in bounded time.
        """
        import ConfigSpace

        if self._size > _LISTED_BY_PRODUCT:
            # ConfigSpace lists the product before it drops what is forbidden.
            return list(enumerate_configurations(self.options, self._conditions, self._forbidden, self._where))
        return [self._typed(configuration) for configuration in ConfigSpace.util.generate_grid(self._space)]

    def configuration(self, texts: Mapping[str, str]) -> dict[str, Level | None]:
        """Complete some options' levels, given as text, to a configuration: the others have their defaults.

        Options that the conditions exclude become inactive.

        Raises UserError for an unknown option or level, an inactive option, or a forbidden configuration.
        """
        import ConfigSpace

        unknown_names = [name for name in texts if name not in self._by_name]
        if unknown_names:
            raise UserError(unknown(self._where, "option", unknown_names[0], self._by_name))
        texts = {name: self._by_name[name].text_of(text) for name, text in texts.items()}
        for name, text in texts.items():
            if text not in map(level_text, self._by_name[name].levels):
                raise UserError(unknown(f"{self._where}: {name}", "level", text, self._by_name[name].levels))
        everything = {option.name: level_text(option.default) for option in self.options} | dict(texts)
        try:
            completed = ConfigSpace.util.deactivate_inactive_hyperparameters(everything, self._space)
            completed.check_valid_configuration()
        except (ConfigSpace.ForbiddenValueError, ConfigSpace.InactiveHyperparameterSetError) as error:
            said = ", ".join(f"{name}={text}" for name, text in texts.items())
            raise UserError(f"{self._where}: {said}: not a configuration of this space: {error}") from error
        idle = [name for name in texts if name not in dict(completed)]
        if idle:
            raise UserError(f"{self._where}: {idle[0]} is inactive in this configuration: leave it out")
        return self._typed(completed)

    def candidates(self, max_configurations: int, seed: int) -> dict[str, dict[str, Level | None]]:
        """Return all configurations by ``configuration_id``; if there are more, ``max_configurations`` of them."""
        # Conditions and forbidden clauses only make it smaller. Larger spaces are faster to sample than to list.
        if self._size > 2 * max_configurations:
            return self.sample(max_configurations, seed)
        by_id = {configuration_id(configuration): configuration for configuration in self.grid}
        if len(by_id) <= max_configurations:
            return by_id
        first = [configuration_id(key) for key in (self.default, *self.one_at_a_time())]
        drawn = random.Random(seed).sample(list(by_id), len(by_id))
        return {key: by_id[key] for key in list(dict.fromkeys([*first, *drawn]))[:max_configurations]}

    @cached_property
    def _size(self) -> int:
        """Number of combinations of all levels, of which conditions and forbidden clauses leave some."""
        return math.prod(len(option.levels) for option in self.options)

    @cached_property
    def _is_nearly_all_forbidden(self) -> bool:
        """Whether random draws are so seldom valid that ConfigSpace, which draws until one is, would not end."""
        if self._size <= _LISTED_BY_PRODUCT or not self._forbidden:
            return False
        share = valid_share(self.options, self._conditions, self._forbidden, n_draws=_DRAWS)
        return share < _RARE

    @staticmethod
    def _add(chosen: dict[str, dict[str, Level | None]], configuration: dict[str, Level | None]) -> None:
        chosen.setdefault(configuration_id(configuration), configuration)

    def sample(self, n: int, seed: int) -> dict[str, dict[str, Level | None]]:
        """Choose ``n`` configurations to measure: the default, its one-at-a-time changes, then random ones.

        Guided designs need the changes of single options. Returns option values
        by ``configuration_id``; a longer sample with the same seed begins with the shorter one. Fewer than ``n`` only
        if the space holds no more.
        """
        chosen: dict[str, dict[str, Level | None]] = {}
        for configuration in (self.default, *self.one_at_a_time()):
            self._add(chosen, configuration)
        self._space.seed(seed)
        misses = _MISSES_IN_A_ROW if self._is_nearly_all_forbidden else 0
        while len(chosen) < n and misses < _MISSES_IN_A_ROW:
            before = len(chosen)
            self._add(chosen, self._typed(self._space.sample_configuration()))
            misses = 0 if len(chosen) > before else misses + 1
        if len(chosen) < n:
            # Nearly all are drawn, so random draws repeat, or draws are nearly never valid: list the rest.
            for configuration in random.Random(seed).sample(self.grid, len(self.grid)):
                self._add(chosen, configuration)
        return dict(list(chosen.items())[:n])
