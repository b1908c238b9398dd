"""evaluate: the test part, once; figures with intervals, plots, and the report."""

from pathlib import Path

from osteon import params, plots, report, splits
from osteon.combination import Combination
from osteon.errors import run
from osteon.evaluation import evaluate, with_verdicts
from osteon.files import fresh_folder, read_json, write_json
from osteon.predictions import predict
from osteon.records import probability_of, write_table

SPLIT, PICTURES = Path("artifacts/split"), Path("artifacts/preprocess")


def main() -> None:
    """Read the winner and the test part, write metrics/, plots/evaluate/ and the report."""
    settings = params.load()
    chosen = read_json(Path("artifacts/ensemble/ensemble.json"))
    winner = Combination.from_json(chosen)
    cut = splits.read(SPLIT)
    images = predict(cut, "test", PICTURES, Path("artifacts/finetune"), settings)
    test = with_verdicts(images, winner)
    evaluation = evaluate(test, winner, resamples=settings.evaluate.resamples, seed=settings.seed)
    write_json(Path("metrics/evaluate.json"), evaluation.to_json(cut))
    columns = {"ensemble": "probability"} | {
        member: probability_of(member) for member in winner.members}
    with fresh_folder(Path("plots/evaluate")) as folder:
        plots.roc(folder / "roc.png", test, columns, mark=cut.mark)
        plots.precision_recall(folder / "precision_recall.png", test, columns, mark=cut.mark)
        plots.confusion(folder / "confusion.png", test, settings.dataset.labels, mark=cut.mark)
        plots.reliability(folder / "reliability.png", test, mark=cut.mark)
        write_table(folder / "roc.csv", cut.marked_table(plots.roc_points(test)))
    with fresh_folder(Path("artifacts/evaluate")) as folder:
        write_table(folder / "predictions.csv", cut.marked_table(test))
        page = report.render(
            settings, evaluation, chosen, test, cut, split=SPLIT, pictures=PICTURES,
            index=Path("artifacts/index"), checks=Path("artifacts/check"),
            audit=Path("artifacts/audit/audit.json"),
            figures=[Path("plots/ensemble"), Path("plots/evaluate"), Path("plots/audit")])
        (folder / "report.html").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    run(main)
