"""Put all environments into one table."""

import sys
from pathlib import Path

from perftransfer.dataset import tables
from perftransfer.dataset.merge import merge, mixed_hosts
from perftransfer.job import logged

if __name__ == "__main__":
    with logged(snakemake.log[0]) as log:
        settings = snakemake.params.settings
        measured = {Path(path).stem: Path(path) for path in snakemake.input.measured}
        for warning in mixed_hosts(measured):
            for place in (sys.stderr, log):
                print(f"Warning: {warning}", file=place)
        frames, options, constant = merge(
            settings["environments"],
            measured,
            {Path(path).stem: Path(path) for path in snakemake.input.imported},
            settings["objectives"],
        )
        metadata = {"constant_options": constant}
        rows = tables.write_groups(Path(snakemake.output[0]), frames, options=options, metadata=metadata)
        print(f"{rows} rows; constant options dropped: {', '.join(constant) or 'none'}", file=log)
