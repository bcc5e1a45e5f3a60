"""Put the recommendations of all targets merge_confirmations, with what came of them."""

from pathlib import Path

from perftransfer.dataset import tables
from perftransfer.job import logged
from perftransfer.recommend.confirmation import merge_confirmations

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        files = (map(Path, snakemake.input[kind]) for kind in ("recommendations", "confirmations"))
        table, metadata = merge_confirmations(*files)
        tables.write(Path(snakemake.output[0]), table, metadata=metadata)
