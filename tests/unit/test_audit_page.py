"""The audit end to end on drawn numbers: what it says, and a page that needs nothing else."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from osteon.audit import figures, page, verdict
from osteon.audit.assemble import Material, audit
from osteon.audit.official import crossing
from osteon.duplicates import PAIRS
from osteon.records import BORDER, INDEX, STATISTICS

LABELS = ("normal", "abnormal")
HOW = page.How(
    root="set <1>", backbone="resnet", weights="w.pth (sha256 00)", precision="fp32",
    image_size_px=64, views=1, folds=4, seed=5, resamples=200, augment={"zoom": 0.1, "shift": 0.0},
    images="all", command="python -m osteon.audit 'set <1>'")
MARK = "LEAKY: cut by image, as published"


def _table(images=120):
    """Pairs of copies, of which every fifth pair crosses the set's own cut."""
    random, number = np.random.default_rng(0), np.arange(images)
    pair = number // 2
    names = [f"{row}.png" for row in random.permutation(images)]
    measures = {name: random.random(images) for name in [*STATISTICS, *BORDER]}
    part = np.where((pair % 5 == 0) & (number % 2 == 1) | (pair % 5 == 1), "test", "train")
    return pd.DataFrame("", index=number, columns=INDEX).assign(
        path=names, patient_id=names, label=np.array(LABELS)[random.integers(0, 2, 60)[pair]],
        group_id=[f"g{name:02}" for name in pair], official_split=part, official=part,
        width_px=random.integers(300, 500, images), height_px=400, bit_depth=8, **measures)


@pytest.fixture(scope="module")
def source():
    table = _table()
    ends = table["path"].to_numpy().reshape(-1, 2)
    pairs = pd.DataFrame([(a, b, "near", True, 90, 4, 0.96) for a, b in ends], columns=PAIRS)
    thumbnails = np.random.default_rng(1).integers(0, 255, (120, 64, 64)).astype(np.uint8)
    return page.Source(table, thumbnails, pairs, {
        "layout": "class_folders", "images": 120, "patients_are": "each image by itself",
        "duplicates": {"candidates": 70, "bytes": 0, "pixels": 0, "near": 60, "groups": 60,
                       "chains": 0}})


@pytest.fixture(scope="module")
def found(source):
    random = np.random.default_rng(2)
    pictures = np.repeat(random.normal(size=(60, 32)), 2, axis=0)
    embeddings = pictures[:, np.newaxis] + 0.05 * random.normal(size=(120, 2, 32))
    return audit(Material(source.table, embeddings.astype(np.float32), LABELS), folds=4, seed=5,
                 resamples=200)


@pytest.fixture(scope="module")
def html(found, source, tmp_path_factory):
    folder = tmp_path_factory.mktemp("plots")
    figures.write(folder, found, mark=MARK)
    return page.render(found, source, crossing(source.table, source.pairs), HOW, mark=MARK,
                       plots=figures.files(folder))


def test_each_leak_has_a_price_whose_interval_tells_it_from_nothing(found):
    for name in ("by_image", "official", "augment_by_image"):
        assert found.claim(name).above["nearest"].low > 0, name
    assert found.claim("grouped").above == {}
    assert found.claim("augment_by_image").scores["nearest"]["auroc"].value > 0.97
    assert 0.3 < found.claim("grouped").scores["nearest"]["auroc"].value < 0.7


def test_two_classes_are_spoken_of_by_auroc_and_more_by_accuracy(found, source):
    assert (found.headline, found.chance) == ("auroc", 0.5)
    three = source.table.assign(label=["a", "a", "b", "b", "c", "c"] * 20)
    random = np.random.default_rng(3)
    other = audit(Material(three, random.normal(size=(120, 2, 8)), ("a", "b", "c")), folds=4,
                  seed=5, resamples=100)
    assert (other.headline, other.chance) == ("accuracy", pytest.approx(1 / 3, abs=1e-6))
    assert "an accuracy of" in verdict.of_protocols(other)[0]


def test_the_honest_probe_is_compared_with_every_shortcut(found):
    assert set(found.leads) == set(found.shortcuts)
    best = found.shortcuts[found.best_shortcut]["auroc"].value
    assert best == max(scores["auroc"].value for scores in found.shortcuts.values())
    honest = found.claim("grouped").scores["linear"]["auroc"].value
    assert found.leads[found.best_shortcut].value == pytest.approx(honest - best, abs=2e-6)


def test_two_figures_are_chosen_to_compare_runs_by(found):
    assert found.chosen() == {
        "probe": found.claim("grouped").scores["linear"]["auroc"].value,
        "best_shortcut": max(scores["auroc"].value for scores in found.shortcuts.values())}


def test_tables_have_a_row_for_every_figure(found):
    tables = found.tables()
    assert list(tables["protocols"]["protocol"].unique()) == [
        "grouped", "by_image", "official_mended", "official", "augment_grouped",
        "augment_by_image"]
    assert len(tables["protocols"]) == 12
    assert list(tables["shortcuts"]["shortcut"]) == list(found.shortcuts)


def test_the_sentences_say_what_was_found(found, source):
    said = [*verdict.of_protocols(found), *verdict.of_shortcuts(found)]
    assert said[0].startswith("Cut by group, a nearest-neighbour look-up reaches an AUROC of 0.")
    assert "augmented before the cut, the same look-up would have claimed 1.000 [" in said[0]
    assert "on the official test part" in said[1]
    official = verdict.of_official(found, crossing(source.table, source.pairs))
    assert "share 12 groups of images (12 pairs of duplicates across the cut)" in official
    assert "with what they share taken out of training" in official


def test_a_cut_that_shares_nothing_is_said_to_be_clean(found, source):
    clean = source.table.assign(official_split="train")
    assert verdict.of_official(found, crossing(clean, source.pairs)) == (
        "The data set's own parts share no patient and no duplicate.")


def test_the_page_opens_with_the_mark_and_the_verdict(html, found):
    text = re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", html.split("</style>")[1]))
    assert text.strip().startswith(MARK)
    assert text.index(MARK) < text.index(verdict.of_protocols(found)[0]) < text.index("Shortcuts")


def test_the_page_needs_no_network_and_no_other_file(html):
    assert not re.findall(r"https?://|//cdn|<script|<link|@import|url\(", html)
    assert all(source.startswith("data:image/png;base64,")
               for source in re.findall(r'src="([^"]*)"', html))


def test_the_page_shows_pairs_across_the_cut_first(html, source):
    across = crossing(source.table, source.pairs).pairs
    heading, rest = html.index("Across the data set's own cut"), html.index("within a part")
    assert len(across) == 12
    for path in across["path_a"]:
        assert heading < html.index(f" · {path}") < rest
    assert "near, correlation 0.960, mirrored, turned 90°" in html


def test_what_a_folder_is_called_is_text_and_nothing_else(html):
    assert "set <1>" not in html
    assert "set &lt;1&gt;" in html
    assert "zoom 0.1" in html
    assert "shift" not in html


def test_plots_bear_the_mark_and_the_same_audit_draws_the_same_bytes(found, tmp_path):
    for name, mark in (("one", ""), ("same", ""), ("marked", MARK)):
        (tmp_path / name).mkdir()
        figures.write(tmp_path / name, found, mark=mark)
    for name in ("protocols.png", "shortcuts.png"):
        one, same, marked = ((tmp_path / folder / name).read_bytes()
                             for folder in ("one", "same", "marked"))
        assert one == same != marked


def test_the_document_holds_what_the_page_says(found, source):
    content = page.document(found, source, crossing(source.table, source.pairs), HOW)
    json.dumps(content, allow_nan=False)
    assert content["official"]["groups"] == 12
    assert content["protocols"]["by_image"]["shared"] == found.claim("by_image").protocol.shared
    assert content["how"]["command"] == HOW.command
