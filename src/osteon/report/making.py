"""How the model came to be: training, the search, the combination that won."""

from collections.abc import Iterator
from typing import Any

from osteon.combination import in_words
from osteon.files import read_json
from osteon.report.document import Block, Cell, Fold, Plot, Plots, Say, Section, Table
from osteon.report.run import Run, estimate, signed, spanned

_PHASES = {"train": "first phase", "finetune": "fine-tuning"}
_KEPT = {"last": "the last", "loss": "of the least loss on validation",
         "auroc": "of the best AUROC on validation",
         "accuracy": "of the best accuracy on validation"}


def combination(run: Run) -> Section:
    """Show every combination that was judged on validation, and why one won."""
    chosen = run.chosen
    members = run.members
    blocks: list[Block] = [Say(f"{chosen['why'][0].upper()}{chosen['why'][1:]}.", "lead"), Table(
        ["combination, on validation", run.title(chosen["metric"]),
         "the winner is above by"],
        [*([in_words(name), estimate(found), signed(found["behind"])]
           for name, found in chosen["candidates"].items()), *_alone(run, "image")],
        strong=[list(chosen["candidates"]).index(chosen["chosen"])], bars=True), *_beside(run)]
    thresholds = chosen["member_thresholds"]
    blocks.append(Table(
        ["member", "weight", "temperature", *(f"threshold by {level}" for level in run.levels)],
        [[member, float(chosen["weights"][member]), float(chosen["temperatures"][member]),
          *(thresholds[member][level] for level in run.levels)] for member in members]))
    if chosen["part_weights"]:
        blocks.append(Fold("Weights by body part", [Table(
            ["body part", *members],
            [[part, *(float(weights.get(member, 0)) for member in members)]
             for part, weights in chosen["part_weights"].items()])]))
    return Section("combination", "Why this combination", [*blocks, *_studies(run)])


def _alone(run: Run, level: str) -> Iterator[list[Cell]]:
    """Give the shortcut baseline's row below what is judged by a figure that it has."""
    found, metric = run.chosen["shortcuts"].get(level), run.chosen["metric"]
    if found and metric in found["figures"]:
        yield ["shortcuts alone", estimate(found["figures"][metric]),
               signed(found["above"][metric])]


def _beside(run: Run) -> Iterator[Block]:
    """Say by image and by study whether the winner is clearly above the shortcut baseline."""
    for level in run.levels:
        if found := run.chosen["shortcuts"].get(level):
            yield Say(found["says"], "good" if found["beaten"] else "warn")


def _studies(run: Run) -> Iterator[Block]:
    rules = run.chosen["study_rules"] if "study" in run.levels else {}
    if rules:
        yield Table(["images of a study, on validation", run.title(run.chosen["metric"]),
                     "the winner is above by"],
                    [*([in_words(rule), estimate(found), None] for rule, found in rules.items()),
                     *_alone(run, "study")],
                    strong=[number for number, rule in enumerate(rules)
                            if rule == run.chosen["study_rule"]], bars=True)
    for level, point in run.chosen["operating_point"].items():
        if level not in run.levels:
            continue
        yield Say(f"By {level}, thresholds chosen in this way ({run.rule(level)}) give a "
                  f"sensitivity of {spanned(point['sensitivity'])} and a specificity of "
                  f"{spanned(point['specificity'])} on validation, out of fold: each fold at the "
                  "threshold that the others chose. The one in use, "
                  f"{run.chosen['thresholds'][level]:.3f}, was chosen on all of them.", "faint")


def training(run: Run) -> Section:
    """Show the curves of every member, and where it began and was kept."""
    rows: list[list[Cell]] = []
    plots: list[Plot] = []
    for member in run.members:
        card = read_json(run.sources.trained / member / "card.json")
        own = run.settings.of(member)
        rows.append([member, card["arch"], f"{own.preprocess.image_size_px} px", card["weights"],
                     f"epoch {card['best_epoch'] + 1}, {_KEPT[card['monitor']]}"])
        plots += [Plot(f"{member}, {words}", file) for phase, words in _PHASES.items()
                  if (file := run.sources.plots / phase / member / "curves.png").is_file()]
    return Section("training", "Training", [
        Table(["member", "network", "image", "weights at the start", "kept"], rows),
        *([Plots(plots)] if plots else []), *_search(run)])


def _search(run: Run) -> Iterator[Block]:
    """Say what the search for settings chose, where there was one."""
    for member in run.members:
        file = run.sources.tuned / member / "best.json"
        found: dict[str, Any] = read_json(file) if file.is_file() else {}
        if not found.get("overrides"):
            continue
        chosen = ", ".join(f"{section}.{key} {value}"
                           for section, values in found["overrides"].items()
                           for key, value in values.items())
        yield Say(f"Hyperband tried {found['trials']} settings for {member}, stopped "
                  f"{found['stopped']} of them early, and chose {chosen} by {found['metric']} on "
                  "validation.")
        plots = sorted((run.sources.plots / "tune" / member).glob("*.png"))
        if plots:
            yield Plots([Plot(f"{member}, {file.stem}", file) for file in plots])


def augmented(run: Run) -> Section | None:
    """Show what training saw: a sheet of augmented training images for each member."""
    sheets = [Plot(member, file, photo=True) for member in run.members
              if (file := run.sources.plots / "train" / member / "augmented.png").is_file()]
    if not sheets:
        return None
    own = {member: run.settings.of(member).augment.model_dump() for member in run.members}
    first = own[run.members[0]]
    same = all(augment == first for augment in own.values())
    words = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in first.items()
                      if value and (first["randaugment"] or name != "randaugment_magnitude"))
    said = (f"Only training images are augmented: {words or 'not at all'}." if same else
            "Only training images are augmented; the members differ in how.")
    kept = sheets[:1] if same else sheets
    return Section("augmented", "Augmented training images", [Say(said), Plots(kept)])
