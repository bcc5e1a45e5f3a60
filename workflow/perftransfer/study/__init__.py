"""The study: its file and its environment sheet, checked against everything below, as plain values for the workflow."""

from perftransfer.study.resolved import Study

__all__ = ["Study"]
