"""The report says the verdict first, marks what leaks, and leaves out what was not done."""

import json
import re
from dataclasses import replace

import pytest

import ran
from osteon.phantom import dataset
from osteon.report import compose, markdown
from osteon.report.run import NOTICE, counted
from osteon.splits import LEAKY
from pagetext import card_page, section_of, words_of

QUARANTINED = {"path": "x.png", "reason": "blank", "detail": "grey values vary by 0.001",
               "policy": "drop"}
FIVE = ("avulsion", "comminuted", "greenstick", "oblique", "spiral")


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
    opening = words_of(honest.split("<header>")[1].split("</header>")[0])
    assert ("On 40 test images of 20 groups, none of them seen in training, the AUROC is "
            "0.815 [0.765, 0.865]. At the threshold that validation chose, the sensitivity for "
            "abnormal images is 82.5 % [77.5, 87.5] and the specificity 83.0 % [78.0, 88.0]."
            ) in opening
    assert "By image, clearly above what shortcuts reach." in opening


def test_the_shortcut_baseline_stands_beside_the_auroc(honest):
    gauge = words_of(honest.split('<div class="gauge"><span>AUROC')[1].split("</div>")[0])
    assert "shortcuts alone 0.610; above them by +0.200 [+0.100, +0.300]" in gauge


@pytest.mark.parametrize(("beaten", "tone"), [(True, "good"), (False, "warn")],
                         ids=["above", "not above"])
def test_a_model_that_shortcuts_equal_is_said_to_be_one(tmp_path, beaten, tone):
    run = ran.run(tmp_path, beaten=beaten)
    page = compose.page(compose.report(run))
    sentence = run.evaluation["levels"]["image"]["shortcut"]["says"]
    assert f'<p class="{tone}">{sentence}</p>' in page.split("</header>")[0]
    chosen = run.chosen["shortcuts"]["study"]["says"]
    assert f'<p class="{tone}">{chosen}</p>' in section_of(page, "combination")
    assert ("no proof that it reads bones" in section_of(page, "limits")) != beaten


def test_the_page_needs_no_network_and_no_script(honest):
    assert not re.search(r'(src|href)="(?!data:image/png;base64,|#)', honest)
    assert "<script" not in honest
    assert "@import" not in honest
    assert "url(" not in honest


@pytest.mark.parametrize(("anchor", "words"), [
    ("figures", "By study: 15 normal, 15 abnormal; called abnormal from a probability of 0.430, "
                "chosen on validation for the highest Youden index; of a study the mean of its"),
    ("comparisons", "By image, no better than tiny."),
    ("comparisons", "tiny, by image +0.020 [-0.010, +0.050] +0.020 [-0.010, +0.050] 12 7 0.359"),
    ("parts", "elbow: 30 images, 12 groups 0.815 0.765 to 0.865"),
    ("figures", "ensemble tiny small tiny before fine-tuning small before fine-tuning shortcuts"),
    ("comparisons", "tiny before fine-tuning, by image +0.110 [+0.080, +0.140] - - - -"),
    ("calibration", "By image, what is said and what then happens are apart by 0.070 [0.050, "
                    "0.090] (expected calibration error); Brier score 0.120 [0.090, 0.150]. That "
                    "is more than chance makes: the numbers are not to be read as probabilities."),
    ("calibration", "The number that a study is given is a score, its images pooled by mean, and "
                    "no probability"),
    ("calibration", "Only where the whole interval lies above 0 is it more than chance."),
    ("combination", "By image, thresholds chosen in this way (the highest Youden index) give a "
                    "sensitivity of 80.0 % [75.0, 85.0] and a specificity of 90.0 % [85.0, 95.0] "
                    "on validation, out of fold: each fold at the threshold that the others "
                    "chose. The one in use, 0.500, was chosen on all of them."),
    ("explanations", "ensemble, frozen backbone 0.500 0.450 to 0.550"),
    ("explanations", "ensemble against the centre: strongest point within +0.500"),
    ("failures", "Missed: abnormal, called normal"),
    ("combination", "Mean has the best auroc."),
    ("combination", "tiny alone 0.880 0.830 to 0.930 +0.020 [-0.010, +0.050]"),
    ("combination", "shortcuts alone 0.600 0.550 to 0.650 +0.300 [+0.200, +0.400]"),
    ("training", "tiny test_resnet 96 px none: trained from scratch epoch 3, "
     "of the best AUROC on validation"),
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
    assert words in words_of(section_of(honest, anchor))


def test_an_honest_report_bears_no_mark(honest):
    assert LEAKY not in honest


def test_a_leaky_cut_opens_every_page_and_no_promise_is_left(leaky, tmp_path):
    compose.write(tmp_path, leaky)
    facts = json.loads((tmp_path / "card.json").read_text())
    assert facts["mark"] == LEAKY
    for page in ((tmp_path / "report.html").read_text(), card_page(facts)):
        assert "<title>LEAKY" in page
        assert page.index('class="leaky"') < page.index("<h1>")
        assert "patients in several parts: p" in words_of(page)
        assert "No group of images" not in words_of(page)
        assert "seen in training" not in page
    text = (tmp_path / "report.md").read_text()
    assert text.startswith("> **LEAKY: cut by image, as published; ")
    assert "No group of images" not in text


def test_what_was_not_done_is_left_out(leaky):
    anchors = [section.anchor for section in compose.report(leaky).sections]
    assert "explanations" not in anchors
    assert "published" not in anchors
    assert {"failures", "training", "limits"} < set(anchors)


def test_studies_of_one_image_each_are_told_once(tmp_path):
    run = ran.run(tmp_path)
    for found in run.evaluation["levels"].values():
        found["counts"]["rows"] = 40
    page = compose.page(compose.report(run))
    text = words_of(page)
    assert text.count("Each study holds one image") == 1
    for words in ("<h3>By study", "By study: 15", "threshold by study", "body part, by study"):
        assert words not in page
    assert "By image: 20 normal, 20 abnormal" in text


def test_figures_stand_before_counts_and_every_cell_knows_its_head(honest):
    parts = section_of(honest, "parts")
    head = re.findall(r"<th>([^<]+)", parts.split("<tbody>")[0])
    assert head[1] == "AUROC"
    assert 'data-head="AUROC"' in parts


def test_several_classes_have_one_list_of_failures_and_no_threshold(five):
    text = words_of(five)
    assert "classifies 80.0 % [75.0, 85.0] correctly, among 5 classes" in text
    assert "the most probable class is the verdict" in text
    assert "Misclassified:" in text
    assert "Missed:" not in text
    assert "from a probability of" not in text


def test_folds_that_judged_have_a_section_of_their_own(tmp_path):
    run = ran.run(tmp_path)
    assert "Out of fold" not in compose.page(compose.report(run))
    text = words_of(section_of(compose.page(compose.report(
        replace(run, out_of_fold=ran.evaluation(run.labels)))), "validated"))
    assert ("by image: 40 images, 20 groups ensemble tiny small tiny before fine-tuning "
            "small before fine-tuning shortcuts alone") in text
    assert "tiny before fine-tuning +0.110 [+0.080, +0.140]" in text
    assert "tiny +0.020 [-0.010, +0.050] +0.020 [-0.010, +0.050]" in text
    assert "shortcuts alone +0.200 [+0.100, +0.300] +0.200 [+0.100, +0.300]" in text
    assert "the test part took no part" in text


@pytest.mark.parametrize(("drifted", "tone"), [(None, "warn"), (True, "warn"), (False, "plain")],
                         ids=["no verdict", "drift", "no drift"])
def test_the_verdict_on_drift_has_its_tone(tmp_path, drifted, tone):
    run = ran.run(tmp_path)
    page = compose.page(compose.report(replace(run, drift={**run.drift, "drifted": drifted})))
    sentence = "The test part beside the validation part: no drift: 0 of 9."
    assert f'<p class="{tone}">{sentence}</p>' in section_of(page, "drift")
    assert ("There is drift" in page) == bool(drifted)


def test_of_too_few_images_for_drift_no_test_is_told(tmp_path):
    run = ran.run(tmp_path)
    said = "no verdict: nothing can be said of 20 reference images; 50 a side are needed"
    without = {**run.drift, "drifted": None, "verdict": said, "tests": []}
    section = section_of(compose.page(compose.report(replace(run, drift=without))), "drift")
    assert f"The test part beside the validation part: {said}." in section
    assert "1,030 images in 500 groups or runs of neighbours beside 20 in 12.</p>" in section
    assert "<table" not in section


def test_drawn_images_are_said_to_be_drawn(tmp_path):
    run = ran.run(tmp_path)
    assert "drawn, not taken" not in compose.page(compose.report(run))
    assert dataset.NOTICE == NOTICE
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / NOTICE).write_text("")
    page = compose.page(compose.report(run))
    assert "drawn, not taken" in page.split("</header>")[0]
    assert "drawn, not taken" in section_of(page, "limits")


def test_a_part_that_was_given_has_no_share_asked(tmp_path):
    run = ran.run(tmp_path, protocol_name="folds")
    assert "test as given 20.0 %" in words_of(compose.page(compose.report(run)))


@pytest.mark.parametrize("anchor", ["figures", "parts", "comparisons"])
def test_what_shortcuts_equal_is_said_so_beside_every_auroc(honest, anchor):
    words = {
        "figures": "shortcuts alone",
        "parts": "wrist: 30 images, 12 groups 0.815 0.765 to 0.865 0.610 0.560 to 0.660 "
                 "+0.040 [-0.010, +0.090]; not clearly",
        "comparisons": "small, by study 0.915 0.865 to 0.965 0.610 0.560 to 0.660 "
                       "+0.030 [-0.020, +0.080]; not clearly"}
    assert words[anchor] in words_of(section_of(honest, anchor))


def test_classes_and_parts_that_beat_the_shortcuts_are_not_marked(honest):
    text = words_of(section_of(honest, "parts"))
    assert ("elbow: 30 images, 12 groups 0.815 0.765 to 0.865 0.610 0.560 to 0.660 +0.120 "
            "[+0.070, +0.170] 0.8") in text
    assert "abnormal 0.815 0.765 to 0.865 0.610 0.560 to 0.660 +0.070 [+0.020, +0.120] 0.8" in text


def test_the_audits_shortcuts_are_told_apart_from_the_models(honest):
    assert "best of many sets, the order of the files among them" in words_of(
        section_of(honest, "audit"))
    figures = words_of(section_of(honest, "figures"))
    assert "another figure than the audit&#39;s best shortcut" in figures


@pytest.mark.parametrize(("alone", "title"), [
    (None, "tiny + small, mean"), ("small", "small alone, the best of 2")])
def test_a_title_names_what_decides(tmp_path, alone, title):
    run = ran.run(tmp_path, alone=alone)
    page = compose.page(compose.report(run))
    assert f"<h1>{title}</h1>" in page
    heads = re.findall(r"<th>([^<]+)", section_of(page, "figures"))
    assert ("ensemble" in heads, "small" in heads, "small alone" in heads) == (
        (True, True, False) if alone is None else (False, False, True))


def test_the_markdown_says_the_same_and_links_to_the_plots(tmp_path):
    run = ran.run(tmp_path)
    document = compose.report(run)
    text = markdown.render(document, tmp_path)
    for section in document.sections:
        assert f"\n## {section.title}\n" in text
    links = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text)
    assert len(links) >= 20
    assert all((tmp_path / link).is_file() and ".." not in link for link in links)
    shown = text.split("## Where it looks")[1].split("\n## ")[0]
    assert "<details><summary>The same, member by member</summary>" in shown
    assert shown.count("![small, Grad-CAM](pictures/") == 3  # of three cases
    assert "| AUROC | 0.815 \\[0.765, 0.865\\] |" in text
    assert "data:image" not in text


@pytest.mark.parametrize(("number", "word", "written"), [
    (1, "image", "1 image"), (1016, "image", "1,016 images"), (3, "study", "3 studies")])
def test_numbers_agree_with_theirwords_of(number, word, written):
    assert counted(number, word) == written


@pytest.mark.parametrize(("low", "said"), [
    pytest.param(0.01, "That is more than chance makes", id="above 0"),
    pytest.param(0.0, "Chance alone may make that.", id="reaching 0"),
    pytest.param(None, "Whether chance alone makes that cannot be told.", id="few groups"),
])
def test_a_calibration_error_is_held_against_chance(tmp_path, low, said):
    run = ran.run(tmp_path)
    for found in run.evaluation["levels"].values():
        found["figures"]["ensemble"]["ece"] = {"value": 0.07, "low": low, "high": low and 0.1}
    text = words_of(section_of(compose.page(compose.report(run)), "calibration"))
    assert text.count(said) == 2
