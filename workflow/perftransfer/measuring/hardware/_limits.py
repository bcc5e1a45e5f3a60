"""A lowest and a highest frequency that are two files, and must never cross while they are written."""

from __future__ import annotations

from perftransfer.measuring.hardware.interface import Board, Change, Setting, SettingError


def changes(
    kind: str, board: Board, items: tuple[str, str], lowest: Setting | None, highest: Setting | None
) -> list[Change]:
    """Changes of ``items`` (file of the lowest, file of the highest) to the values of the settings, if any.

    Raises SettingError if the lowest would be above the highest; OSError.
    """
    now = [int(board.read(item)) for item in items]
    values = [now[0] if lowest is None else int(lowest.value), now[1] if highest is None else int(highest.value)]
    if values[0] > values[1]:
        raise SettingError(
            f"{lowest or highest}: {board.full_path(items[0])} would be {values[0]}, above "
            f"{board.full_path(items[1])}, {values[1]}; set both"
        )
    pairs = [(lowest, items[0], values[0]), (highest, items[1], values[1])]
    # The kernel refuses, or silently clamps, a lowest above the highest of the moment and the other way round.
    if values[1] >= now[0]:
        pairs.reverse()
    return [Change(setting, kind, item, str(value)) for setting, item, value in pairs if setting is not None]
