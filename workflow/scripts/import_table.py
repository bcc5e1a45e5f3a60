"""Map a published table to an environment of the study."""

from pathlib import Path

from perftransfer.dataset import imported, tables
from perftransfer.job import logged

if __name__ == "__main__":
    with logged(snakemake.log[0]) as log:
        settings = snakemake.params.settings
        path = imported.locate(
            settings["file"], settings["address"], settings["sha256"], Path(snakemake.params.downloads)
        )
        frame, options = imported.convert(
            imported.read(path),
            settings["file"],
            snakemake.wildcards.environment,
            rows=settings["rows"],
            options=settings["options"],
            objectives=settings["objectives"],
        )
        tables.write(Path(snakemake.output[0]), frame, options=options, metadata={"sha256": settings["sha256"].lower()})
        print(f"{len(frame)} configurations of {len(options)} options imported", file=log)
