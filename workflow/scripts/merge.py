"""Put all environments into one table."""

import logging
from pathlib import Path

from perftransfer.dataset import tables
from perftransfer.dataset.merge import check_objectives, import_remarks, merge, mixed_hosts
from perftransfer.dataset.params import MergeParams
from perftransfer.job import logged
from perftransfer.plain import from_plain

LOG = logging.getLogger(__name__)

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        params = from_plain(MergeParams, snakemake.params[0])
        measured = {Path(path).stem: Path(path) for path in snakemake.input.measured}
        for warning in mixed_hosts(measured):
            LOG.warning(f"Warning: {warning}")
        imported = {Path(path).stem: Path(path) for path in snakemake.input.imported}
        frames, options, constant = merge(
            params.environments, measured, imported, params.objectives, relative_to_sizes=False
        )
        metadata = {"constant_options": constant, "import_remarks": import_remarks(imported)}
        rows = tables.write_groups(Path(snakemake.output[0]), frames, options=options, metadata=metadata)
        for remark in check_objectives(
            Path(snakemake.output[0]), params.objectives, several=len(params.environments) > 1
        ):
            LOG.warning(remark)
        LOG.info(f"{rows} rows; constant options dropped: {', '.join(constant) or 'none'}")
