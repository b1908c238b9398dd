"""Markdown shows names as they are, and tables that every reader of it understands."""

import hashlib

import pytest

from osteon.intervals import Estimate
from osteon.report import markdown
from osteon.report.document import (
    Document,
    Fold,
    Gauge,
    Gauges,
    Items,
    Plot,
    Plots,
    Say,
    Section,
    Shot,
    Shots,
    Table,
)

# The first eight digits of the SHA-256 of `png`.
PNG = "8f8cbb7d"


@pytest.fixture
def written(tmp_path):
    """Write a block, whose plots lie in the test's folder, into a folder of its own."""
    folder = tmp_path / "report"
    folder.mkdir()

    def write(block):
        document = Document("k", "t", "", [], [Section("a", "Part", [block])])
        return markdown.render(document, folder).split("## Part\n\n")[1].rstrip("\n")
    return write


@pytest.mark.parametrize(("block", "text"), [
    (Say("hand_2 is <b> | *not* [x]"), r"hand\_2 is \<b\> \| \*not\* \[x\]"),
    (Say("beware", "warn"), "**beware**"),
    (Say("aside", "faint"), "<sub>aside</sub>"),
    (Items(["one", "two\nlines"]), "- one\n- two lines"),
    (Table(["a", "b"], [["x|y", 3], [None, Estimate(0.5, 0.4, 0.6)]], strong=[0]),
     "| a | b |\n| --- | --- |\n| **x\\|y** | **3** |\n| - | 0.500 \\[0.400, 0.600\\] |"),
    (Gauges("By image", [Gauge("AUROC", Estimate(0.9, None, None), "of few")]),
     "| By image | figure |   |\n| --- | --- | --- |\n| AUROC | 0.900 | of few |"),
    (Fold("More", [Say("inner")]),
     "<details><summary>More</summary>\n\ninner\n\n</details>"),
], ids=["signs", "warning", "aside", "list", "table", "figures", "folded"])
def test_each_block_is_written(written, block, text):
    assert written(block) == text


def test_pictures_travel_with_the_text(written, tmp_path):
    (tmp_path / "elsewhere.png").write_bytes(b"png")
    assert written(Plots([Plot("ROC, by image", tmp_path / "elsewhere.png")])) == (
        f"![ROC, by image](pictures/roc-by-image-{PNG}.png)")
    link = tmp_path / "report/pictures" / f"roc-by-image-{PNG}.png"
    assert link.read_bytes() == b"png"


def test_each_image_has_its_words_and_its_pictures_in_a_row(written, tmp_path):
    maps = [("picture", b"png"), ("Grad-CAM", b"cam")]
    shots = Shots([Shot(["is normal", "a_1.png"], maps), Shot(["is abnormal"], maps[:1])])
    cam = hashlib.sha256(b"cam").hexdigest()[:8]
    assert written(shots).splitlines() == [
        "| image | | |", "| --- | --- | --- |",
        f"| is normal<br>a\\_1.png | ![picture](pictures/picture-{PNG}.png) | "
        f"![Grad-CAM](pictures/grad-cam-{cam}.png) |",
        f"| is abnormal | ![picture](pictures/picture-{PNG}.png) |   |"]
    # One picture twice is one file.
    assert len(list((tmp_path / "report/pictures").iterdir())) == 2


def test_the_mark_opens_the_document(tmp_path):
    text = markdown.render(Document("k", "t", "LEAKY: by image", [Say("v")]), tmp_path)
    assert text.startswith("> **LEAKY: by image.** Made to be compared")
    assert text.index("LEAKY") < text.index("# t")
