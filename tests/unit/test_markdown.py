"""Markdown shows names as they are, and tables that every reader of it understands."""

from pathlib import Path

import pytest

from osteon.metrics import Estimate
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

FOLDER = Path("/project/artifacts/report")


def _written(block):
    document = Document("k", "t", "", [], [Section("a", "Part", [block])])
    return markdown.render(document, FOLDER).split("## Part\n\n")[1].rstrip("\n")


@pytest.mark.parametrize(("block", "text"), [
    (Say("hand_2 is <b> | *not* [x]"), r"hand\_2 is \<b\> \| \*not\* \[x\]"),
    (Say("beware", "warn"), "**beware**"),
    (Say("aside", "faint"), "<sub>aside</sub>"),
    (Items(["one", "two\nlines"]), "- one\n- two lines"),
    (Table(["a", "b"], [["x|y", 3], [None, Estimate(0.5, 0.4, 0.6)]], strong=[0]),
     "| a | b |\n| --- | --- |\n| **x\\|y** | **3** |\n| - | 0.500 \\[0.400, 0.600\\] |"),
    (Gauges("By image", [Gauge("AUROC", Estimate(0.9, None, None), "of few")]),
     "| By image | figure |   |\n| --- | --- | --- |\n| AUROC | 0.900 | of few |"),
    (Plots([Plot("ROC", Path("/project/plots/my run/roc.png"))]),
     "![ROC](../../plots/my%20run/roc.png)"),
    (Shots([Shot(["is normal", "a.png"], [("picture", b"png")])]), "- is normal; a.png"),
    (Fold("More", [Say("inner")]),
     "<details><summary>More</summary>\n\ninner\n\n</details>"),
], ids=["signs", "warning", "aside", "list", "table", "figures", "link", "pictures left out",
        "folded"])
def test_each_block_is_written(block, text):
    assert _written(block) == text


def test_the_mark_opens_the_document():
    text = markdown.render(Document("k", "t", "LEAKY: by image", [Say("v")]), FOLDER)
    assert text.startswith("> **LEAKY: by image.** Made to be compared")
    assert text.index("LEAKY") < text.index("# t")
