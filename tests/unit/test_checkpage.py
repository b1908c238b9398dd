"""The page of a check shows what failed, and needs nothing beside itself."""

import base64
import re

import cv2
import numpy as np
import pytest

from osteon.checkpage import Source, render
from osteon.files import write_json
from osteon.findings import Finding
from osteon.records import write_table
from tables import DATASET, clean_index, clean_split, planted

DUPLICATES = {"candidates": 81234, "bytes": 12, "pixels": 3, "near": 44, "groups": 51, "chains": 2}
THUMBNAILS = np.repeat(np.arange(120, dtype=np.uint8), 64 * 64).reshape(120, 64, 64)  # image 7: 7
SHEET = cv2.imencode(".png", np.full((8, 8), 99, np.uint8))[1].tobytes()


def _source(index=None, **duplicates):
    about = {"layout": "mura", "patients_are": "the patient folders of MURA",
             "duplicates": {**DUPLICATES, **duplicates}}
    return Source(clean_index() if index is None else index, THUMBNAILS, about, SHEET)


def _finding(**changes):
    return Finding(**{
        "name": "blank", "risk": "blank pictures", "remedy": "Look at them.", "severity": "stop",
        "expectation": "expect_nothing", "passed": False, "rows": [], "observed": [], **changes})


def _rows(*numbers, **values):
    return [{"path": f"{number:03d}.png", **values} for number in numbers]


def _page(*findings, suite="index", table=None, source=None, **settings):
    table = {"index": clean_index, "split": clean_split}[suite]() if table is None else table
    return render(suite, list(findings), table, source or _source(), DATASET, **settings)


def _text(page):
    body = re.sub(r"<style>.*?</style>", " ", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", body.replace("<wbr>", "")).split())


def _pictures(page):
    return [cv2.imdecode(np.frombuffer(base64.b64decode(png), np.uint8), cv2.IMREAD_GRAYSCALE)
            for png in re.findall(r"data:image/png;base64,([^\"]+)", page)]


def test_the_page_needs_no_network_and_no_other_file():
    page = _page(_finding(rows=_rows(7)), source=_source())
    assert not re.search(r"https?:|//cdn|<script|<link|@import|url\(", page)
    assert all(address.startswith("data:image/png;base64,")
               for address in re.findall(r"(?:src|href)=\"([^\"]*)\"", page))


def test_what_stops_comes_before_what_warns_and_both_are_counted():
    page = _page(_finding(risk="a small fault", severity="warn", rows=_rows(1)),
                 _finding(risk="a grave fault", rows=_rows(2)),
                 _finding(risk="no fault", passed=True))
    text = _text(page)
    assert "check@index: the pipeline stops here" in text
    assert "1 stop 1 warn 1 hold" in text
    assert text.index("a grave fault") < text.index("a small fault") < text.index("no fault")


@pytest.mark.parametrize(("findings", "said"), [
    pytest.param([_finding(passed=True)], "check@index: all holds data,", id="nothing failed"),
    pytest.param([_finding(severity="warn", rows=_rows(1))],
                 "check@index: goes on, with 1 warning data,", id="a warning"),
])
def test_the_headline_says_what_follows(findings, said):
    assert said in _text(_page(*findings))


def test_a_failed_expectation_shows_its_risk_its_remedy_and_its_rows():
    text = _text(_page(_finding(rows=[
        {"path": "hand/007.png", "patient_id": "p03", "sha256": "0123456789abcdef" * 4}])))
    assert "blank pictures Look at them. 1 image" in text
    assert "hand/007.png patient_id p03 sha256 0123456789ab" in text
    assert "0123456789abc" not in text


def test_thumbnails_are_found_by_path_whatever_the_order_of_the_rows():
    page = _page(_finding(rows=_rows(90, 7)), table=clean_index()[::-1])
    assert [int(picture[0, 0]) for picture in _pictures(page)[:2]] == [90, 7]


def test_what_cannot_be_read_or_is_not_indexed_has_no_picture():
    index = planted(clean_index(), {(7, "readable"): False})
    source = _source(index, near=0, pixels=0)
    page = _page(_finding(rows=[*_rows(7), {"path": "elsewhere.png"}]), source=source)
    assert _pictures(page) == []
    assert _text(page).count("no picture") == 2


def test_twenty_four_pictures_are_shown_and_the_rest_counted():
    source = _source(near=0, pixels=0)
    page = _page(_finding(rows=_rows(*range(100))), source=source)
    assert len(_pictures(page)) == 24
    assert "and 76 more; index.json beside this page has them all" in _text(page)


def test_a_fault_of_no_single_row_is_listed():
    assert "expect_nothing test/abnormal: 12.0 points more" in _text(
        _page(_finding(observed=["test/abnormal: 12.0 points more"])))


def test_names_that_hold_markup_stay_text():
    page = _page(_finding(rows=[{"path": "<img src=x>.png", "label": "<b>"}]))
    assert "<img src=x>" not in page
    assert "&lt;img src=x&gt;.png" in page


def test_before_the_cut_the_classes_of_all_that_goes_on_are_counted():
    index = planted(clean_index(), {(0, "reason"): "blank", (2, "reason"): "shape"})
    text = _text(_page(table=index))
    assert "120 images, of which 119 go on to the cut" in text  # a blank one is left out
    assert "mixture images groups 119 60" in text
    assert "class images normal 59 50 % abnormal 60 50 %" in text
    assert "hand 59 images, 51 % abnormal wrist 60 images, 50 % abnormal" in text


def test_after_the_cut_the_classes_of_each_part_and_their_distance_are_shown():
    split = clean_split()
    split.loc[[80, 81, 84, 85, 88, 89, 92, 93], "label"] = "abnormal"  # 28 of 40 in test
    text = _text(_page(suite="split", table=split))
    assert "train 40 20 validation 40 20 test 40 20" in text
    assert "abnormal 20 50 % -6.7 20 50 % -6.7 28 70 % +13.3" in text
    assert "more than 5 warn" in text


def test_a_body_part_that_a_part_lacks_is_no_fault():
    split = clean_split()
    split.loc[:39, "body_part"] = ""
    assert "not named 40 images, 50 % abnormal 0 images 0 images" in _text(
        _page(suite="split", table=split))


def test_patients_and_duplicates_are_explained():
    text = _text(_page())
    assert "patient_id stands for the patient folders of MURA" in text
    assert "pairs that a hash proposed 81,234 pairs of the same bytes 12" in text
    assert "sets of duplicates 51 of these, chains 2" in text


@pytest.mark.parametrize(("suite", "near", "sheets"), [
    pytest.param("index", 44, 1, id="before the cut"),
    pytest.param("index", 0, 0, id="no pair to look at"),
    pytest.param("split", 44, 0, id="after the cut"),
])
def test_pairs_of_duplicates_are_shown_once(suite, near, sheets):
    page = _page(suite=suite, source=_source(near=near, pixels=0))
    assert [int(picture[0, 0]) for picture in _pictures(page)] == [99] * sheets


def test_a_leaky_cut_says_so_first():
    page = _page(suite="split", leaky=["cut by image", "3 of 60 patients lie in several parts"])
    assert "<title>LEAKY check@split</title>" in page
    assert _text(page).startswith(
        "LEAKY check@split LEAKY: cut by image; 3 of 60 patients lie in several parts .")
    assert "This cut divides duplicates and patients." in _text(page)
    honest = _page(suite="split")
    assert "LEAKY" not in honest
    assert "come into one part" in _text(honest)


@pytest.mark.parametrize("suite", ["index", "split"])
def test_missing_columns_are_shown_without_the_sections_that_need_them(suite):
    table = {"index": clean_index, "split": clean_split}[suite]().drop(columns="label")
    text = _text(_page(_finding(observed=["label"]), suite=suite, table=table))
    assert "expect_nothing label" in text
    assert "Body parts" not in text


def test_the_folder_of_the_index_is_read(tmp_path):
    write_table(tmp_path / "index.csv", clean_index())
    np.save(tmp_path / "thumbnails.npy", THUMBNAILS)
    write_json(tmp_path / "about.json", {"layout": "csv"})
    (tmp_path / "duplicates.png").write_bytes(SHEET)
    source = Source.read(tmp_path)
    assert list(source.index["path"][:2]) == ["000.png", "001.png"]
    assert source.thumbnails[7, 0, 0] == 7
    assert source.about == {"layout": "csv"}
    assert source.sheet == SHEET
