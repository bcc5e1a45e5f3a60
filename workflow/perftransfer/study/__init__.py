"""The study: its file and its environment sheet, checked against everything below, as plain values for the workflow."""

from perftransfer.study.machine import export_usable_cpus
from perftransfer.study.resolved import Study
from perftransfer.study.submission import RESOURCES
from perftransfer.study.to_measure import still_to_measure

__all__ = ["RESOURCES", "Study", "export_usable_cpus", "still_to_measure"]
