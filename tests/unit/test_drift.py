"""Drift is found where it was planted, is named, and is seldom told where there is none."""

from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from drifts import LABELS, SETTINGS, current, reference
from osteon.drift import __main__ as command
from osteon.drift import figures, page, watch
from osteon.drift.compare import compare
from osteon.errors import UserError
from osteon.records import STATISTICS


@pytest.fixture(scope="module")
def known():
    return reference(0, images=150)


def _judged(known, asked, *, settings=SETTINGS, grouped=True, seed=1):
    familiarity, images = known
    drawn = current(familiarity, seed, **{"images": 200, **asked})
    return compare(images, drawn if grouped else replace(drawn, groups=None), familiarity,
                   settings, LABELS, seed)


@pytest.mark.parametrize(("grouped", "draws"), [
    pytest.param(True, 200, id="patients are known"),
    pytest.param(False, 100, id="patients are not known"),
])
def test_of_samples_of_one_kind_at_most_1_in_20_is_called_drift(grouped, draws):
    called = 0
    for seed in range(draws):
        known = reference(10_000 + seed, images=54)
        called += _judged(known, {"images": 54}, grouped=grouped, seed=seed).drifted
    assert called <= draws / 20


DARK = {"mean": 0.5, "p95": 0.5, "sharpness": 0.3}


@pytest.mark.parametrize(("planted", "named"), [
    pytest.param({"share": 0.5, "embedding": 2.5, **DARK},
                 {"mean", "p95", "sharpness", "embedding", "distance from the reference"},
                 id="half are dark and blurred"),
    pytest.param({"share": 0.1, "embedding": 12.0, "per_patient": 1},
                 {"distance from the reference"},
                 id="a tenth are strangers"),
    pytest.param({"more": 2.5}, {"probability of abnormal", "verdicts"},
                 id="more are abnormal"),
    pytest.param({"sharpness": 0.7}, {"sharpness"}, id="one statistic"),
])
def test_a_planted_drift_is_named(known, planted, named):
    found = _judged(known, planted)
    assert found.drifted
    assert found.verdict.startswith(f"drift: {sum(test.differs for test in found.tests)} of 14 ")
    differing = {test.name for test in found.tests if test.differs}
    assert named <= differing
    assert differing - named <= {"embedding", "verdicts", "probability of abnormal",
                                 "distance from the reference"}
    assert all(name in found.verdict for name in differing)


def test_every_test_has_a_threshold_and_an_account(known):
    found = _judged(known, {"sharpness": 0.3})
    by_name = {test.name: test for test in found.tests}
    moved, still = by_name["sharpness"], by_name["mean"]
    assert moved.value > moved.threshold >= 0.2
    assert moved.chance == 0.001  # of a thousand cuts none but the real one
    assert moved.says == f"sharpness lower by {moved.value:.2f} sd"
    assert still.value < still.threshold < 1
    assert 0.01 < still.chance <= 1
    assert found.images == {"reference": 150, "current": 200}
    assert found.units == {"reference": 50, "current": 67}


def test_the_share_of_shifted_verdicts_is_said(known):
    found = _judged(known, {"more": 30.0})
    assert "verdicts (abnormal 100 % instead of " in found.verdict


def test_images_unlike_the_reference_are_counted_with_their_reasons(known):
    found = _judged(known, {"share": 0.5, "sharpness": 0.1})
    assert 0.5 <= found.unlike.share <= 0.55
    assert 0.5 <= found.unlike.reasons["sharpness"] <= 0.55
    assert "of the images are unlike the reference (sharpness 5" in found.verdict
    assert _judged(known, {}).unlike.share <= 0.05


def test_what_moves_less_than_matters_is_no_drift_however_sure():
    known = reference(3, images=1500, per_patient=1)
    small = {"images": 1500, "per_patient": 1, "mean": 1.03}
    assert not _judged(known, small).drifted
    found = _judged(known, small, settings=SETTINGS.model_copy(update={"least_move": 0.0}))
    assert [test.name for test in found.tests if test.differs] == ["mean"]


def test_of_a_reference_that_was_trained_on_grey_values_alone_are_compared(known, tmp_path):
    familiarity, images = known
    drawn = current(familiarity, 1, images=200, embedding=9.0, more=9.0)
    seen = replace(images, trained_on=True)
    found = compare(seen, drawn, familiarity, SETTINGS, LABELS, 0)
    assert [test.name for test in found.tests] == STATISTICS
    assert not found.drifted
    figures.write(tmp_path, {"reference": seen, "current": drawn}, LABELS, found.tests, mark="")
    assert (tmp_path / figures.EMBEDDING).is_file()


def test_neighbours_stand_together_where_patients_are_not_known(known):
    # Half of the log is one patient after another with eight images each: hardly any patients.
    found = _judged(known, {"per_patient": 8, "images": 208}, grouped=False)
    assert found.units["current"] == 35  # six neighbours: twice the three images of a patient


FEW = [
    pytest.param({"images": 40}, {}, "40 current images; 50 a side are needed "
                 "(drift.least_images)", id="few images"),
    pytest.param({"images": 200}, {"least_images": 151}, "150 reference images; 151 a side are "
                 "needed (drift.least_images)", id="a small reference"),
    pytest.param({"images": 1}, {"least_images": 151}, "150 reference and 1 current images; 151 a "
                 "side are needed (drift.least_images)", id="both are small"),
    pytest.param({"images": 60, "per_patient": 20}, {}, "3 current groups of images; 4 a side are "
                 "needed", id="few patients"),
]


@pytest.mark.parametrize(("asked", "changed", "said"), FEW)
def test_of_too_few_nothing_can_be_said_and_that_is_the_finding(known, asked, changed, said):
    found = _judged(known, {**asked, "sharpness": 0.01},
                    settings=SETTINGS.model_copy(update=changed))
    assert (found.drifted, found.tests) == (None, [])
    assert found.verdict.startswith(f"no verdict: nothing can be said of {said}; ")
    # Image by image it can be told all the same.
    assert "; 100 % of the images are unlike the reference (sharpness 100 %" in found.verdict
    assert found.images["current"] == asked["images"]


@pytest.mark.parametrize("drifted", [None, False, True])
def test_drift_alone_fails_where_that_is_asked_for(known, drifted):
    found = replace(_judged(known, {"images": 40}), drifted=drifted)
    asking = SimpleNamespace(drift=SETTINGS.model_copy(update={"fail_on_drift": True}))
    watch.require_none(found, SimpleNamespace(drift=SETTINGS))
    with pytest.raises(UserError) if drifted else nullcontext():
        watch.require_none(found, asking)


def test_a_folder_of_somebody_elses_is_not_replaced(tmp_path):
    """--out is replaced as a whole; a home folder named by mistake stays as it is."""
    watch.require_own(tmp_path / "new")
    for name in ("drift.json", "report.html", "columns.png", "embedding.png"):
        (tmp_path / name).write_text("{}")
    watch.require_own(tmp_path)
    (tmp_path / "thesis.odt").write_text("years")
    with pytest.raises(UserError, match=r"holds thesis.odt, and would be replaced as a whole"):
        watch.require_own(tmp_path)


@pytest.mark.parametrize(("drifted", "asked", "code"), [
    (None, True, 3), (None, False, None), (False, True, None), (True, False, None)])
def test_the_command_ends_with_a_code_of_its_own_where_nothing_can_be_said(
        known, capsys, drifted, asked, code):
    found = replace(_judged(known, {"images": 40}), drifted=drifted)
    asking = SimpleNamespace(drift=SETTINGS.model_copy(update={"fail_on_drift": asked}))
    with pytest.raises(SystemExit) if code else nullcontext() as ended:
        command.require_verdict(found, asking)
    assert (ended and ended.value.code) == code
    assert capsys.readouterr().err == (f"error: {found.verdict}\n" if code else "")


def test_of_too_few_the_page_says_why_and_no_column_is_drawn(known, tmp_path):
    familiarity, images = known
    drawn = current(familiarity, 1, images=40)
    found = compare(images, drawn, familiarity, SETTINGS, LABELS, 0)
    page.write(tmp_path / "report.html", images.columns(LABELS), drawn.columns(LABELS), {},
               found.verdict, mark="LEAKY: planted")
    text = (tmp_path / "report.html").read_text()
    assert text.startswith("<!doctype html>")
    assert text.index("LEAKY: planted") < text.index(found.verdict)
    assert len(text) < 1000  # without Evidently's own, which would call each column the same
    figures.write(tmp_path, {"reference": images, "current": drawn}, LABELS, found.tests, mark="")
    assert {file.name for file in tmp_path.iterdir()} == {"report.html", figures.EMBEDDING}


def test_the_page_and_the_plots_say_the_verdict_and_the_mark(known, tmp_path):
    familiarity, images = known
    drawn = current(familiarity, 1, images=200, mean=0.5)
    found = compare(images, drawn, familiarity, SETTINGS, LABELS, 0)
    page.write(tmp_path / "report.html", images.columns(LABELS), drawn.columns(LABELS),
               {test.name: test.threshold for test in found.tests if test.of_column},
               found.verdict, mark="LEAKY: planted")
    text = (tmp_path / "report.html").read_text()
    assert "<html" in text[:2000]
    assert found.verdict in text
    assert "LEAKY: planted" in text
    sides = {"reference": images, "current": drawn}
    figures.write(tmp_path, sides, LABELS, found.tests, mark="")
    for name in (figures.COLUMNS, figures.EMBEDDING):
        before = (tmp_path / name).read_bytes()
        figures.write(tmp_path, sides, LABELS, found.tests, mark="")
        assert (tmp_path / name).read_bytes() == before


def test_a_column_that_never_varies_is_no_drift(known):
    familiarity, images = known
    drawn = current(familiarity, 1, images=200)
    flat = [replace(side, statistics=np.where(np.arange(10) == 9, 0.0, side.statistics))
            for side in (images, drawn)]
    found = compare(*flat, familiarity, SETTINGS, LABELS, 0)
    saturated = next(test for test in found.tests if test.name == "saturated")
    assert (saturated.value, saturated.chance, saturated.differs) == (0.0, 1.0, False)
