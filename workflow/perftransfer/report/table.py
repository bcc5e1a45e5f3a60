"""Small tables of the page, see ``results.table``."""

from perftransfer.results.table import Cell as Cell
from perftransfer.results.table import Table as Table
