"""Settings of the hardware as part of an environment: applied, read back, verified, restored, also after a kill.

A kind of settings is a file of this folder (``interface.py`` says what it offers). ``background_load`` and
``placement`` change nothing of the machine; they apply to the processes that are started.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from perftransfer.catalogue import Catalogue
from perftransfer.errors import UserError, unknown
from perftransfer.measuring.hardware import _originals
from perftransfer.measuring.hardware._originals import Original, default_state
from perftransfer.measuring.hardware.interface import (
    Board,
    Change,
    Kind,
    NotRestoredError,
    Run,
    Setting,
    SettingError,
    run_program,
)

__all__ = [
    "Applied",
    "NotRestoredError",
    "Setting",
    "SettingError",
    "applied",
    "default_state",
    "options_offered",
    "parse",
    "restore",
]

# OSError: a file or program is missing, refuses, is forbidden; ValueError: a file holds no number where one belongs.
_REFUSALS = (SettingError, OSError, ValueError, subprocess.SubprocessError)
_PAUSE_SECONDS = 0.05
_VALUE = r"[\w.,:+-][\w .,:+-]{0,99}"


CATALOGUE: Catalogue[Kind] = Catalogue(__name__, "Kind", "kind of hardware settings")


def _kinds() -> dict[str, Kind]:
    return {name: CATALOGUE.load(name)() for name in CATALOGUE.names()}


def parse(text: str) -> list[Setting]:
    """Read the column ``settings`` of the environment sheet: ``name=value`` or ``target.name=value``, spaces between.

    Returns them in the order in which they are applied; none for an empty text.

    Raises UserError for an unknown name, an invalid value, or a duplicate setting.
    """
    by_name = {name: (number, kind) for number, kind in enumerate(_kinds().values()) for name in kind.names}
    by_key: dict[tuple[str, str], tuple[tuple[int, int], Setting]] = {}
    for entry in text.split():
        key, equals, value = entry.partition("=")
        target, _, name = key.rpartition(".")
        if name not in by_name:
            raise UserError(unknown("settings", "setting", name, sorted(by_name)))
        number, kind = by_name[name]
        _check_entry(entry, kind, target, name, equals, value)
        if (target, name) in by_key:
            raise UserError(f"settings: duplicate {key}: {by_key[target, name][1]} and {entry}")
        by_key[target, name] = ((kind.stage, number), Setting(name, value, target))
    return [setting for _, setting in sorted(by_key.values(), key=lambda ranked: ranked[0])]


def _check_entry(entry: str, kind: Kind, target: str, name: str, equals: str, value: str) -> None:
    if target and not (kind.target and re.fullmatch(f"{kind.target}[0-9]+", target)):
        allowed = f"{kind.target}0.{name}" if kind.target else name
        raise UserError(f"settings: {entry!r}: {name} does not take the prefix {target!r}; write {allowed}")
    if kind.target_needed and not target:
        raise UserError(f"settings: {entry!r}: the number of the {kind.target} is missing; write {kind.target}0.{name}")
    form = kind.names[name]
    if not equals or not re.fullmatch(form.pattern, value):
        raise UserError(f"settings: {entry!r}: write {name}=VALUE, where the value is {form.words}")


@dataclass(frozen=True)
class Applied:
    """The machine under its settings.

    values: what was read back, by file or item.
    """

    values: dict[str, str]
    _board: Board
    _changes: list[Change]

    def changed(self) -> list[str]:
        """Return a line for each setting that no longer has its value."""
        kinds, out = _kinds(), []
        for change in self._changes:
            try:
                value = kinds[change.kind].read(self._board, change.item)
            except _REFUSALS as error:
                value = _words(error)
            if value != change.value:
                out.append(
                    f"{change.setting}: {_full_name(self._board, change.item)}: set to {change.value}, now {value}"
                )
        return out


@contextmanager
def applied(settings: Sequence[Setting], root: Path, state: Path, run: Run = run_program) -> Iterator[Applied]:
    """Restore what a killed run left behind, apply ``settings``, and restore the originals at the end of the block.

    root: "/", or the top of another file tree. state: a file, one for the machine, that holds the originals while
    anything is changed. run: how programs are run.

    Raises SettingError (everything is as it was) if a setting cannot be applied or does not read back as written;
    NotRestoredError if an original cannot be put back; UserError if another process has applied settings.
    """
    board = Board(root, run)
    with _originals.held(state):
        _restore(state, board)
        try:
            changes = _apply(settings, board, state)
            result = Applied({change.item: change.value for change in changes}, board, changes)
            if problems := result.changed():
                raise SettingError("; ".join(problems))
            yield result
        finally:
            _restore(state, board)


def restore(state: Path, root: Path, run: Run = run_program) -> list[str]:
    """Restore the originals in ``state``, and remove it; return the files and items restored.

    Raises NotRestoredError, and keeps of the state what could not be put back; UserError if the process that changed
    the settings is still running.
    """
    with _originals.held(state):
        return _restore(state, Board(root, run))


def options_offered(root: Path, run: Run = run_program) -> dict[str, list[int | str]]:
    """Values that this machine takes, by name of the setting; of a continuous range, its two ends.

    What only root may look at, and what cannot be told, is left out.
    """
    board, out = Board(root, run), dict[str, list[int | str]]()
    for kind in _kinds().values():
        try:
            out |= kind.offered(board)
        except _REFUSALS:
            continue
    return dict(sorted(out.items()))


def _apply(settings: Sequence[Setting], board: Board, state: Path) -> list[Change]:
    kinds, done = _kinds(), list[Change]()
    originals, changed_items = list[Original](), set[str]()
    for stage in sorted({kind.stage for kind in kinds.values()}):
        groups = {
            name: mine
            for name, kind in kinds.items()
            if kind.stage == stage and (mine := [setting for setting in settings if setting.name in kind.names])
        }
        # Planned only now, since an earlier stage may have brought CPUs and clocks; yet all of a stage is planned, and
        # its originals are on disk, before any of it is written.
        changes = [change for name, mine in groups.items() for change in _plan(kinds[name], mine, board)]
        for name in groups:
            # Any kind of plain files will do to put them back.
            files = kinds[name].bystanders(board)
            _record(originals, [Original("cpufreq", item, board.read_or(item, "")) for item in files])
            changed_items.update(files)
        written = [change for change in changes if not change.only_check]
        _record(originals, [Original(change.kind, change.item, _read(kinds, board, change)) for change in written])
        _originals.write(state, originals)
        try:
            for change in changes:
                _make(kinds, board, change, changed_items)
        except SettingError:
            # To put back what was refused, and what was never reached, might be refused as well.
            _originals.write(state, [original for original in originals if original.item in changed_items])
            raise
        done += changes
    return done


def _plan(kind: Kind, settings: Sequence[Setting], board: Board) -> list[Change]:
    try:
        return kind.plan(settings, board)
    except SettingError:
        raise
    except _REFUSALS as error:
        raise SettingError(f"{' '.join(map(str, settings))}: {_words(error)}") from error


def _record(originals: list[Original], additions: list[Original]) -> None:
    """Add what is not there: of an item that changes twice, the first value is the original."""
    recorded = {original.item for original in originals}
    for original in additions:
        if original.item not in recorded and original.value:
            recorded.add(original.item)
            originals.append(original)


def _read(kinds: dict[str, Kind], board: Board, change: Change) -> str:
    try:
        return kinds[change.kind].read(board, change.item)
    except _REFUSALS as error:
        raise SettingError(f"{change.setting}: {_full_name(board, change.item)}: {_words(error)}") from error


def _make(kinds: dict[str, Kind], board: Board, change: Change, changed_items: set[str]) -> None:
    """Write, unless it is only to be checked, and read back; add the item to ``touched`` unless it is refused."""
    kind = kinds[change.kind]
    where = f"{change.setting}: {_full_name(board, change.item)}"
    if not change.only_check:
        before = _read(kinds, board, change)
        try:
            kind.write(board, change.item, change.value)
            changed_items.add(change.item)
        except _REFUSALS as error:
            if isinstance(error, subprocess.TimeoutExpired):
                changed_items.add(change.item)
            raise SettingError(f"{where}: found {before!r}, cannot write {change.value!r}: {_words(error)}") from error
    deadline = time.monotonic() + kind.settles_seconds
    while (actual := _read(kinds, board, change)) != change.value:
        if time.monotonic() >= deadline:
            raise SettingError(f"{where}: expected {change.value!r}, read back {actual!r}")
        time.sleep(_PAUSE_SECONDS)


def _check_originals(state: Path, originals: Sequence[Original], kinds: Mapping[str, Kind]) -> None:
    """Raise NotRestoredError unless each original is of an item that settings change, with a value that it may have."""
    files = "|".join(f"({kind.items})" for kind in kinds.values() if kind.items)
    for original in originals:
        # The files of one kind may be put back by another, see ``_apply``.
        items = files if "/" in original.item else kinds[original.kind].items if original.kind in kinds else ""
        if original.kind not in kinds or not re.fullmatch(items, original.item):
            raise NotRestoredError(
                f"{state}: {original.item!r} of {original.kind!r} is no setting that perftransfer changes; nothing was "
                "written; move the file away"
            )
        if not re.fullmatch(_VALUE, original.value):
            raise NotRestoredError(
                f"{state}: {original.item}: {original.value!r} is no value of a setting; nothing was written; move the "
                "file away"
            )


def _restore(state: Path, board: Board) -> list[str]:
    kinds, put_back = _kinds(), list[str]()
    left = _originals.read(state)
    _check_originals(state, left, kinds)
    tried: list[Original] = []
    problems: dict[Original, str] = {}
    # What fails may wait for another: a frequency for its CPU to be on again, a lowest for its highest.
    while left != tried:
        tried = left.copy()
        for original in reversed(tried):
            try:
                kinds[original.kind].put_back(board, original.item, original.value)
            except _REFUSALS as error:
                problems[original] = _words(error)
                continue
            put_back.append(original.item)
            left.remove(original)
            _originals.write(state, left)
    if left:
        lines = [f"{_full_name(board, was.item)} was {was.value!r}: {problems[was]}" for was in left]
        raise NotRestoredError(
            f"{state}: hardware settings that could not be restored:\n  " + "\n  ".join(lines) + "\n"
            f"as root: python -m {__name__} restore {state}"
        )
    return put_back


def _full_name(board: Board, item: str) -> str:
    return board.full_path(item) if "/" in item else item


def _words(error: BaseException) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        said = (error.stderr or error.stdout or "").strip()
        return f"{' '.join(error.cmd)}: ended with status {error.returncode}: {said}"
    if isinstance(error, PermissionError):
        return f"permission denied; root may ({error.filename or error.strerror})"
    if isinstance(error, FileNotFoundError):
        return f"there is no {error.filename or 'such file'}"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error)
