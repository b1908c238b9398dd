"""audit: what the data set would have claimed under each protocol, and what shortcuts reach."""

from pathlib import Path

from osteon import params, splits
from osteon.audit import figures, page
from osteon.audit.assemble import Material, audit
from osteon.audit.official import crossing, official_parts
from osteon.audit.sampling import describe, sample
from osteon.audit.views import AUGMENT, Frozen, Shared
from osteon.errors import run
from osteon.files import fresh_folder, write_json
from osteon.preprocessing import open_pictures
from osteon.records import PARTS, write_table

PLOTS = Path("plots/audit")


def main() -> None:
    """Read artifacts/{index,split,preprocess}/, write metrics/, plots/audit/, artifacts/audit/."""
    settings = params.load()
    asked, seed = settings.audit, settings.seed
    cut = splits.read(Path("artifacts/split"))
    rows = sample(cut.table, asked.most_images, seed)
    first = settings.model.members[0]
    backbone = settings.backbones[asked.backbone or first]
    frozen = Frozen(backbone, settings.weights, settings.trainer, seed)
    embeddings = frozen.embed(
        open_pictures(Path("artifacts/preprocess", first)), rows, asked.views,
        Shared(Path("runs/embeddings"),
               {part: cut.part(part).index.to_numpy() for part in PARTS}))
    table = cut.table.iloc[rows].reset_index(drop=True)
    found = audit(
        Material(table.assign(official=official_parts(table)), embeddings, settings.dataset.labels),
        folds=asked.folds, seed=seed, resamples=settings.evaluate.resamples)
    source = page.Source.read(Path("artifacts/index"))
    how = page.How(
        root=settings.dataset.root, backbone=frozen.arch, weights=frozen.weights,
        precision=_precision(frozen), image_size_px=settings.of(first).preprocess.image_size_px,
        views=asked.views, folds=asked.folds, seed=seed, resamples=settings.evaluate.resamples,
        augment=AUGMENT.model_dump(), command="dvc repro audit",
        images=describe(len(table), len(cut.table), len(source.table)))
    crossed = crossing(source.table, source.pairs)
    write_json(Path("metrics/audit.json"), cut.marked(found.chosen()))
    with fresh_folder(PLOTS) as folder:
        figures.write(folder, found, mark=cut.mark)
        for name, kept in found.tables().items():
            write_table(folder / f"{name}.csv", cut.marked_table(kept))
    with fresh_folder(Path("artifacts/audit")) as folder:
        write_json(folder / "audit.json",
                   cut.marked(page.document(found, source, crossed, how)))
        (folder / "audit.html").write_text(page.render(
            found, source, crossed, how, mark=cut.mark,
            plots=figures.files(PLOTS)), encoding="utf-8")


def _precision(frozen: Frozen) -> str:
    """Say in which precision pictures are embedded: as they are, each part as training does it."""
    if frozen.precision == "fp32":
        return frozen.precision
    return f"{frozen.precision}, but validation and test pictures as they are in fp32"


if __name__ == "__main__":
    run(main)
