"""The whole of it: find what is to be compared, compare, write the verdict, page and plots."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from osteon import splits
from osteon.combination import Combination
from osteon.drift import compare, figures, journal, page, performance
from osteon.drift.compare import Finding
from osteon.drift.performance import Performance
from osteon.drift.sample import Sample
from osteon.errors import UserError
from osteon.familiarity import Familiarity
from osteon.files import fresh_folder, read_json, write_json
from osteon.params import Params

log = logging.getLogger("osteon.drift")

TEST = "test"
VERDICT, PAGE = "drift.json", "report.html"


@dataclass(frozen=True)
class Sources:
    """The folders that the stages before wrote."""

    split: Path
    trained: Path
    ensemble: Path
    evaluate: Path

    @classmethod
    def below(cls, folder: Path) -> Self:
        """Name them by their stages."""
        return cls(split=folder / "split", trained=folder / "finetune",
                   ensemble=folder / "ensemble", evaluate=folder / "evaluate")


@dataclass(frozen=True)
class Side:
    """What is compared, in words, and what is known beside it."""

    says: str
    images: Sample
    about: Mapping[str, Any] = field(default_factory=dict)
    performance: tuple[Performance, ...] = ()


def watch(settings: Params, sources: Sources, out: Path, evidently: Path) -> Finding:
    """Compare `drift.current` with the reference; write drift.json and plots into `out`.

    Evidently's page goes to the file `evidently`, since its bytes differ from run to run.

    Raises:
        UserError: what is to be compared is not there, or is of another model.
    """
    cut = splits.read(sources.split)
    labels = settings.dataset.labels
    familiarity = Familiarity.load(sources.ensemble / "familiarity.npz")
    reference = _reference(settings, sources, familiarity, cut)
    current = _current(settings, sources, familiarity, cut)
    found = compare.compare(reference.images, current.images, familiarity, settings.drift, labels,
                            settings.seed)
    _say(found, current, reference)
    with fresh_folder(out) as folder:
        write_json(folder / VERDICT, cut.marked({
            **found.to_json(), "reference": reference.says, "current": current.says,
            **current.about,
            "performance": {one.level: one.to_json() for one in current.performance}}))
        figures.write(folder, {"reference": reference.images, "current": current.images}, labels,
                      found.tests, mark=cut.mark)
    page.write(evidently, reference.images.columns(labels), current.images.columns(labels),
               {test.name: test.threshold for test in found.tests if test.of_column},
               found.verdict, mark=cut.mark)
    return found


def require_own(out: Path) -> None:
    """See to it that a folder that is to be replaced as a whole holds nothing but a comparison.

    Raises:
        UserError: it holds something else.
    """
    others = sorted({file.name for file in out.iterdir()} - {
        VERDICT, PAGE, figures.COLUMNS, figures.EMBEDDING}) if out.is_dir() else []
    if others:
        raise UserError(f"{out}: holds {others[0]}, and would be replaced as a whole; name a "
                        "folder of its own")


def require_none(found: Finding, settings: Params) -> None:
    """Fail where drift was found and `drift.fail_on_drift` asks for it.

    Raises:
        UserError: so it is.
    """
    if found.drifted and settings.drift.fail_on_drift:
        raise UserError(found.verdict)


def _reference(settings: Params, sources: Sources, familiarity: Familiarity,
               cut: splits.Cut) -> Side:
    """Take the validation part. Members trained by folds have seen it, and know it too well.

    What they say of it is then no measure of new images: these are compared with the test part,
    and the test part with validation by grey values alone.
    """
    if settings.model.folds > 1 and settings.drift.current != TEST:
        return _test_part(settings, sources, familiarity, cut)
    images = Sample.reference(sources.ensemble / "validation.csv", familiarity, cut.table,
                              settings.dataset.labels)
    return Side("the validation part", replace(images, trained_on=settings.model.folds > 1))


def _test_part(settings: Params, sources: Sources, familiarity: Familiarity,
               cut: splits.Cut) -> Side:
    return Side("the test part", Sample.part(
        sources.evaluate / "predictions.csv", familiarity,
        np.load(sources.evaluate / "coordinates.npy"), cut.table, settings.dataset.labels))


def _current(settings: Params, sources: Sources, familiarity: Familiarity,
             cut: splits.Cut) -> Side:
    asked = settings.drift.current
    if asked == TEST:
        return _test_part(settings, sources, familiarity, cut)
    if journal.is_log(Path(asked)):
        return _of_log(Path(asked), settings, familiarity)
    from osteon.drift import images  # torch takes seconds, which a log need not wait for
    winner = Combination.from_json(read_json(sources.ensemble / "ensemble.json"))
    looked = images.look(Path(asked), images.Model(settings, sources.trained, winner, familiarity))
    return Side(f"the images of {asked}", looked.images, {"unreadable": looked.unreadable})


def _of_log(path: Path, settings: Params, familiarity: Familiarity) -> Side:
    labels = settings.dataset.labels
    found = journal.read(path, familiarity, labels, settings.drift.latest)
    figures_of = tuple(performance.measure(
        level, judged, labels, least=settings.drift.least_images,
        resamples=settings.evaluate.resamples, seed=settings.seed)
        for level, judged in found.judged.items() if judged)
    return Side(f"the log {path}, {found.since} to {found.until}", found.images,
                {"of_other_models": found.of_other_models,
                 "unreadable_lines": found.unreadable}, figures_of)


def _say(found: Finding, current: Side, reference: Side) -> None:
    log.info("drift: %s (%d images) beside %s (%d images)", current.says,
             found.images["current"], reference.says, found.images["reference"])
    log.info("%s", found.verdict)
    for name, count in current.about.items():
        if count:
            log.info("%s: %s", name.replace("_", " "),
                     count if isinstance(count, int) else f"{len(count)} files")
    for one in current.performance:
        log.info("feedback %s", one.says)
