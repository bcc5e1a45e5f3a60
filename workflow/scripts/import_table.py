"""Map published tables to environments of the study."""

import logging
from pathlib import Path

from perftransfer.dataset import imported, tables
from perftransfer.dataset.params import ImportParams
from perftransfer.job import logged
from perftransfer.plain import from_plain

LOG = logging.getLogger(__name__)

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        params = from_plain(ImportParams, snakemake.params[0])
        files = imported.read(params, Path(snakemake.params.downloads))
        outputs = {Path(path).stem: Path(path) for path in snakemake.output}
        said = set()
        for name, environment in imported.convert(files, params):
            file = params.files[params.environments[name].file]
            metadata = {"sha256": file.sha256, "ranked": environment.ranked, "remarks": environment.remarks}
            tables.write(outputs[name], environment.frame, options=environment.options, metadata=metadata)
            LOG.info(f"{name}: {len(environment.frame)} configurations of {len(environment.options)} options imported")
            for option, levels in environment.ranked.items():
                LOG.info(f"{name}: {option}: ranks 1 to {len(levels)} stand for {', '.join(map(str, levels))}")
            for remark in environment.remarks:
                if remark not in said:
                    LOG.warning(remark)
            said.update(environment.remarks)
