"""The study: its file and its environment sheet, checked against everything below, as plain values for the workflow."""

from perftransfer.study.machine import export_usable_cpus
from perftransfer.study.pending import pending_measurements
from perftransfer.study.resolved import Study
from perftransfer.study.submission import RESOURCES

__all__ = ["RESOURCES", "Study", "export_usable_cpus", "pending_measurements"]
