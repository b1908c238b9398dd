"""The report opens with the mark of a leaky cut, and says how any cut was made."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from osteon import cuts, params, splits
from osteon.balance import balance
from osteon.evaluation import Evaluation
from osteon.files import write_json
from osteon.metrics import Estimate
from osteon.records import QUARANTINE, write_table
from osteon.report import render
from rows import protocol, rows

SETTINGS = params.load(Path(__file__).parents[2] / "params.yaml")
LABELS = SETTINGS.dataset.labels
CHOSEN = {"members": ["a"], "method": "mean", "why": "there is one member",
          "thresholds": {"image": 0.5, "study": 0.5}}
QUARANTINED = {"path": "x.png", "reason": "blank", "detail": "grey values vary by 0.001",
               "policy": "drop"}


def _page(folder, settings, quarantined=(), left_out=0):
    index = rows(LABELS * 40, [f"p{row // 2:02d}" for row in range(80)])
    found = cuts.cut(index, settings, LABELS, seed=0)
    splits.write(folder, found.splits, {
        "says": found.says, "seed": 20, "patients_are": "blocks of 20 numbers",
        **balance(found.splits.table, found.asked)}, index.head(left_out).assign(reason="tested"))
    (folder / "index").mkdir()
    write_json(folder / "index/about.json", {"layout": "mura", "images": 80, "duplicates": {
        "candidates": 9, "bytes": 1, "pixels": 2, "near": 3, "groups": 4, "chains": 5}})
    (folder / "index/duplicates.png").write_bytes(b"pairs")
    write_json(folder / "audit.json", {"says": ["A look-up reaches .35."], "how": {
        "backbone": "net", "weights": "none", "images": "all of which are audited"}})
    write_table(folder / "index/quarantine.csv", pd.DataFrame(quarantined, columns=QUARANTINE))
    for suite in ("index", "split"):
        write_json(folder / suite / "report.json", [
            {"passed": False, "risk": "blank pictures", "observed": [],
             "rows": [{"path": f"{row}.png"} for row in range(7)]}])
    np.save(folder / "pictures.npy", np.zeros((80, 32, 32), np.uint8))
    test = found.splits.part("test").assign(target=0, probability=0.9, verdict=True)
    scores = {level: {"auroc": Estimate(0.9, 0.8, 1.0)} for level in ("image", "study")}
    counts = {"images": 16, "studies": 8, "groups": 8, "positive_images": 8}
    return render(SETTINGS, Evaluation(scores, {"a": scores}, counts), CHOSEN, test, found.splits,
                  split=folder, pictures=folder, index=folder / "index", checks=folder,
                  audit=folder / "audit.json", figures=[])


@pytest.fixture
def honest(tmp_path):
    return _page(tmp_path, protocol(train=0.6, validation=0.2, test=0.2), [QUARANTINED], 2)


def _words(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_an_honest_cut_is_described_and_bears_no_mark(honest):
    text = _words(honest)
    assert "LEAKY" not in text
    assert "No group of images (patient, joined with duplicates) is in two parts." in text
    assert "Protocol ratio: cut by shares of the images; seed 20." in text
    assert "patient_id stands for blocks of 20 numbers" in text
    assert "2 images are left out" in text


def test_shares_and_their_deviation_stand_in_the_data_section(honest):
    text = _words(honest)
    assert "train 60.0 % 60.0 % 48 24 24 24 (50.0 %) 24 (50.0 %)" in text
    assert "Farthest from the whole, of labels: abnormal in test, by 0.0 percentage points" in text


def test_duplicates_and_the_audit_stand_in_the_report(honest):
    text = _words(honest)
    assert "A look-up reaches .35." in text
    assert "1 of equal bytes, 2 of equal pixels, 3 near ( 9 pairs" in text.replace("(9", "( 9")
    assert "data:image/png;base64,cGFpcnM=" in honest


def test_quarantined_files_are_named_with_reason_and_policy(honest):
    assert "x.png: blank, grey values vary by 0.001 (drop)" in _words(honest)


def test_warnings_of_the_checks_name_five_images(honest):
    words = "Warning: blank pictures: 0.png, 1.png, 2.png, 3.png, 4.png and 2 more."
    assert words in _words(honest)


def test_a_leaky_cut_opens_the_report_and_no_promise_is_left(tmp_path):
    page = _page(tmp_path, protocol(as_published=True))
    text = _words(page)
    assert "<title>LEAKY Report" in page
    assert page.index('class="leaky"') < page.index("<h1>")
    assert "LEAKY: cut by image, as published; " in text
    assert "patients in several parts: p0" in text
    assert "No group of images" not in text


def test_a_part_that_was_given_has_no_share_asked(tmp_path):
    assert "test as given 20.0 %" in _words(_page(tmp_path, protocol("folds")))
