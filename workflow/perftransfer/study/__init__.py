"""The study: its file and its environment sheet, checked against everything below, and what it asks of the workflow."""

from perftransfer.study.facts import Study
from perftransfer.study.inputs import Inputs
from perftransfer.study.job_parameters import JobParameters
from perftransfer.study.machine import export_usable_cpus
from perftransfer.study.pending import pending_measurements
from perftransfer.study.reading import read_study, with_available_imports
from perftransfer.study.submission import measuring_resources

__all__ = [
    "Inputs",
    "JobParameters",
    "Study",
    "export_usable_cpus",
    "measuring_resources",
    "pending_measurements",
    "read_study",
    "with_available_imports",
]
