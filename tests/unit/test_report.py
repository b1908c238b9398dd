"""The report says the verdict first, marks what leaks, and leaves out what was not done."""

import re
from dataclasses import replace

import pytest

import ran
from osteon.phantom import dataset
from osteon.report import compose, markdown
from osteon.report.run import NOTICE, counted
from osteon.splits import LEAKY

QUARANTINED = {"path": "x.png", "reason": "blank", "detail": "grey values vary by 0.001",
               "policy": "drop"}
FIVE = ("avulsion", "comminuted", "greenstick", "oblique", "spiral")


def _words(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def _section(page, anchor):
    return page.split(f'<section id="{anchor}">')[1].split("</section>")[0]


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    run = ran.run(tmp_path_factory.mktemp("honest"), quarantined=[QUARANTINED], left_out=2)
    return compose.page(compose.report(run))


@pytest.fixture(scope="module")
def leaky(tmp_path_factory):
    return ran.run(tmp_path_factory.mktemp("leaky"), leaky=True, beaten=False, explained=False)


@pytest.fixture(scope="module")
def five(tmp_path_factory):
    return compose.page(compose.report(ran.run(tmp_path_factory.mktemp("five"), FIVE)))


def test_the_verdict_comes_first(honest):
    opening = _words(honest.split("<header>")[1].split("</header>")[0])
    assert ("On 40 test images of 20 groups, none of them seen in training, the AUROC is "
            "0.815 [0.765, 0.865]. At the threshold that validation chose, it finds 82.5 % of the "
            "abnormal images and clears 83.0 % of the others.") in opening
    assert "By image, clearly above what shortcuts reach." in opening


def test_the_shortcut_baseline_stands_beside_the_auroc(honest):
    gauge = _words(honest.split('<div class="gauge"><span>AUROC')[1].split("</div>")[0])
    assert "shortcuts alone 0.610; above them by +0.200 [+0.100, +0.300]" in gauge


@pytest.mark.parametrize(("beaten", "tone"), [(True, "good"), (False, "warn")],
                         ids=["above", "not above"])
def test_a_model_that_shortcuts_equal_is_said_to_be_one(tmp_path, beaten, tone):
    run = ran.run(tmp_path, beaten=beaten)
    page = compose.page(compose.report(run))
    sentence = run.evaluation["levels"]["image"]["shortcut"]["says"]
    assert f'<p class="{tone}">{sentence}</p>' in page.split("</header>")[0]
    assert ("no proof that it reads bones" in _section(page, "limits")) != beaten


def test_the_page_needs_no_network_and_no_script(honest):
    assert not re.search(r'(src|href)="(?!data:image/png;base64,|#)', honest)
    assert "<script" not in honest
    assert "@import" not in honest
    assert "url(" not in honest


@pytest.mark.parametrize(("anchor", "words"), [
    ("figures", "By study: 20 normal, 20 abnormal; called abnormal from a probability of 0.430, "
                "chosen on validation for the highest Youden index; of a study the mean of its"),
    ("comparisons", "By image, no better than tiny."),
    ("comparisons", "tiny, by image +0.020 [-0.010, +0.050] +0.020 [-0.010, +0.050] 12 7 0.359"),
    ("parts", "elbow 30 12 0.815 0.765 to 0.865"),
    ("calibration", "an expected calibration error of 0.070 [0.050, 0.090] by image"),
    ("explanations", "ensemble, frozen backbone 0.500 0.450 to 0.550"),
    ("explanations", "ensemble against the centre: strongest point within +0.500"),
    ("failures", "Missed: abnormal, called normal"),
    ("combination", "Mean has the best auroc."),
    ("combination", "alone: tiny 0.880 0.830 to 0.930 +0.020 [-0.010, +0.050]"),
    ("training", "tiny test_resnet 96 px none: trained from scratch epoch 3 auroc 0.910"),
    ("augmented", "Only training images are augmented: horizontal flip 0.5"),
    ("data", "No group of images (patient, joined with duplicates) is in two parts."),
    ("data", "Protocol ratio: cut by shares of the images; seed 20. 2 images left out"),
    ("data", "train 60.0 % 60.0 % 48 24 24 24 (50.0 %) 24 (50.0 %)"),
    ("data", "Farthest from the whole, of labels: abnormal in test, by 0.0 percentage points"),
    ("data", "1 of equal bytes, 2 of equal pixels, 3 near (9 pairs"),
    ("data", "x.png: blank, grey values vary by 0.001 (drop)"),
    ("checks", "check@index: 1 of 2 expectations hold."),
    ("checks", "Warning: blank pictures: 0.png, 1.png, 2.png, 3.png, 4.png and 2 more."),
    ("drift", "The test part beside the validation part: no drift: 0 of 9."),
    ("drift", "mean 0.100 sd 0.400 sd 50.0 % embedding 0.010 - 20.0 %"),
    ("drift", "Labels told later, by image: 3 labels."),
    ("drift", "1,030 images in 500 groups or runs of neighbours beside 20 in 12."),
    ("audit", "A look-up reaches .35."),
    ("limits", "Research only. Not a medical device."),
])
def test_the_honest_report_says(honest, anchor, words):
    assert words in _words(_section(honest, anchor))


def test_an_honest_report_bears_no_mark(honest):
    assert LEAKY not in honest


def test_a_leaky_cut_opens_every_page_and_no_promise_is_left(leaky, tmp_path):
    compose.write(tmp_path, leaky, tmp_path)
    for name in ("report.html", "card.html"):
        page = (tmp_path / name).read_text()
        assert "<title>LEAKY" in page
        assert page.index('class="leaky"') < page.index("<h1>")
        assert "patients in several parts: p" in _words(page)
        assert "No group of images" not in _words(page)
        assert "seen in training" not in page
    text = (tmp_path / "report.md").read_text()
    assert text.startswith("> **LEAKY: cut by image, as published; ")
    assert "No group of images" not in text


def test_what_was_not_done_is_left_out(leaky):
    anchors = [section.anchor for section in compose.report(leaky).sections]
    assert "explanations" not in anchors
    assert "published" not in anchors
    assert {"failures", "training", "limits"} < set(anchors)


def test_failures_show_the_picture_and_where_the_ensemble_looked(honest):
    failures = _section(honest, "failures")
    # Of 20 test images every fourth is wrong: one of them was explained, four have thumbnails.
    assert failures.count('alt="as the network saw it"') == 4
    assert failures.count('alt="Grad-CAM"') == 1
    assert "5 of 20 test images are called by a wrong name" in failures


def test_several_classes_have_one_list_of_failures_and_no_threshold(five):
    text = _words(five)
    assert "calls 80.0 % by their right name, one of 5" in text
    assert "the most probable class is the verdict" in text
    assert "Called by a wrong name:" in text
    assert "Missed:" not in text
    assert "from a probability of" not in text


def test_folds_that_judged_have_a_section_of_their_own(tmp_path):
    run = ran.run(tmp_path)
    assert "Out of fold" not in compose.page(compose.report(run))
    text = _words(_section(compose.page(compose.report(
        replace(run, out_of_fold=ran.evaluation(run.labels)))), "validated"))
    assert "by image: 40 images, 20 groups ensemble tiny small shortcuts alone" in text
    assert "tiny +0.020 [-0.010, +0.050] +0.020 [-0.010, +0.050]" in text
    assert "shortcuts alone +0.200 [+0.100, +0.300] +0.200 [+0.100, +0.300]" in text
    assert "the test part took no part" in text


def test_drawn_images_are_said_to_be_drawn(tmp_path):
    run = ran.run(tmp_path)
    assert "drawn, not taken" not in compose.page(compose.report(run))
    assert dataset.NOTICE == NOTICE
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / NOTICE).write_text("")
    page = compose.page(compose.report(run))
    assert "drawn, not taken" in page.split("</header>")[0]
    assert "drawn, not taken" in _section(page, "limits")


def test_a_part_that_was_given_has_no_share_asked(tmp_path):
    run = ran.run(tmp_path, protocol_name="folds")
    assert "test as given 20.0 %" in _words(compose.page(compose.report(run)))


def test_the_card_names_use_threshold_preprocessing_versions_and_hashes(tmp_path):
    compose.write(tmp_path, ran.run(tmp_path), tmp_path)
    text = _words((tmp_path / "card.html").read_text())
    for words in ("Not a medical device", "abnormal, of one image 0.500 the highest Youden index",
                  "image size px 96 96", "Labels, in this order: normal, abnormal.",
                  "numpy 2.", "tiny, weights 9a129038d9a00aed", "Protocol ratio"):
        assert words in text, words


def test_the_markdown_says_the_same_and_links_to_the_plots(tmp_path):
    run = ran.run(tmp_path)
    document = compose.report(run)
    text = markdown.render(document, tmp_path / "artifacts/report")
    for section in document.sections:
        assert f"\n## {section.title}\n" in text
    assert "![ROC](../../plots/evaluate/roc.png)" in text
    assert (tmp_path / "artifacts/report/../../plots/evaluate/roc.png").resolve().is_file()
    assert "| AUROC | 0.815 \\[0.765, 0.865\\] |" in text
    assert "data:image" not in text


@pytest.mark.parametrize(("number", "word", "written"), [
    (1, "image", "1 image"), (1016, "image", "1,016 images"), (3, "study", "3 studies")])
def test_numbers_agree_with_their_words(number, word, written):
    assert counted(number, word) == written
