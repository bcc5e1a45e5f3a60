"""Map a published table to an environment of the study."""

import logging
from pathlib import Path

from perftransfer.dataset import imported, tables
from perftransfer.dataset.params import ImportParams
from perftransfer.dataset.published import PublishedFile
from perftransfer.job import logged
from perftransfer.plain import from_plain

LOG = logging.getLogger(__name__)

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        params = from_plain(ImportParams, snakemake.params[0])
        file = PublishedFile(params.file, params.address, params.sha256)
        path = file.locate(Path(snakemake.params.downloads))
        frame, options, ranked = imported.convert(
            imported.read(path),
            params.file,
            snakemake.wildcards.environment,
            rows=params.rows,
            options=params.options,
            objectives=params.objectives,
        )
        metadata = {"sha256": params.sha256.lower(), "ranked": ranked}
        tables.write(Path(snakemake.output[0]), frame, options=options, metadata=metadata)
        LOG.info(f"{len(frame)} configurations of {len(options)} options imported")
        for name, levels in ranked.items():
            LOG.info(f"{name}: ranks 1 to {len(levels)} stand for {', '.join(map(str, levels))}")
