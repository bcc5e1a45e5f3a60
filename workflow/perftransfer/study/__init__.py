"""The study: its file and its environment sheet, checked against everything below, as plain values for the workflow."""

from perftransfer.study.resolved import Study, export_usable_cpus

__all__ = ["Study", "export_usable_cpus"]
