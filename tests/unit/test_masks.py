"""Outlines from a COCO file come to the picture they belong to, or not at all."""

import json

import numpy as np
import pandas as pd
import pytest

from osteon import masks
from osteon.errors import UserError
from osteon.frames import Frame

BOX = [10.0, 20.0, 40.0, 20.0, 40.0, 60.0, 10.0, 60.0]  # 30 wide, 40 high


def _file(folder, annotation, name="a.jpg", width=100, height=200):
    file = folder / "masks.json"
    file.write_text(json.dumps({
        "images": [{"id": 7, "file_name": name, "width": width, "height": height},
                   {"id": 8, "file_name": "none.jpg", "width": 9, "height": 9}],
        "annotations": [{"image_id": 7, **annotation}] if annotation else []}))
    return file


def _table(path="images/a.jpg", height=200, width=100):
    return pd.DataFrame({"path": [path], "height_px": [height], "width_px": [width]}, index=[5])


@pytest.mark.parametrize("annotation", [
    {"segmentation": [BOX], "bbox": [0, 0, 1, 1]},
    {"segmentation": [], "bbox": [10.0, 20.0, 30.0, 40.0]},
], ids=["polygon", "box-alone"])
def test_a_finding_is_outlined_by_its_polygon_or_its_box(annotation, tmp_path):
    found = masks.find(_table(), masks.read(_file(tmp_path, annotation)))
    assert list(found) == [5]
    # 448 pixels to 200: the box is 67 x 90 of them, its left edge 112 + 22.4 from the frame's.
    rows, columns = np.nonzero(found[5])
    assert (rows.min(), columns.min()) == (pytest.approx(45, abs=1), pytest.approx(134, abs=1))
    assert found[5].sum() == pytest.approx(67.2 * 89.6, rel=0.03)


def test_findings_of_one_image_are_one_mask(tmp_path):
    far = [80.0, 150.0, 90.0, 150.0, 90.0, 160.0, 80.0, 160.0]
    found = masks.find(_table(), masks.read(_file(tmp_path, {"segmentation": [BOX, far]})))
    assert found[5].sum() == pytest.approx((30 * 40 + 10 * 10) * 2.24**2, rel=0.04)


def test_an_outline_drawn_on_a_smaller_copy_is_scaled(tmp_path):
    outlines = masks.read(_file(tmp_path, {"segmentation": [BOX]}))
    small, large = (masks.find(_table(height=height, width=height // 2), outlines)[5]
                    for height in (200, 1000))
    assert np.array_equal(small, large)


@pytest.mark.parametrize(("path", "height", "width"), [
    ("images/b.jpg", 200, 100), ("images/a.jpg", 100, 200),
], ids=["of-another-image", "of-another-shape"])
def test_an_outline_that_does_not_belong_is_left_out(path, height, width, tmp_path):
    outlines = masks.read(_file(tmp_path, {"segmentation": [BOX]}))
    assert masks.find(_table(path, height, width), outlines) == {}


def test_a_path_names_its_image_before_the_bare_name_does(tmp_path):
    outlines = masks.read(_file(tmp_path, {"segmentation": [BOX]}, name="left/a.jpg"))
    assert list(masks.find(_table("left/a.jpg"), outlines)) == [5]
    assert masks.find(_table("right/a.jpg"), outlines) == {}


def test_an_outline_beyond_the_picture_is_none(tmp_path):
    outside = masks.Outline(100, 200, (np.array([[-50.0, 5.0], [-40.0, 5.0], [-45.0, 9.0]]),))
    assert outside.within(Frame(200, 100)) is None


@pytest.mark.parametrize("content", [
    "no json", "[]", '{"images": []}',
    json.dumps({"images": [], "annotations": [
        {"image_id": 1, "segmentation": {"counts": "x", "size": [2, 2]}}]}),
    json.dumps({"images": [], "annotations": [{"image_id": 1, "segmentation": [[1.0, 2.0, 3.0]]}]}),
], ids=["no-json", "a-list", "no-annotations", "run-lengths", "odd-number-of-coordinates"])
def test_what_is_no_coco_file_of_polygons_is_refused(content, tmp_path):
    file = tmp_path / "masks.json"
    file.write_text(content)
    with pytest.raises(UserError, match=r"masks\.json cannot be read as COCO's polygons"):
        masks.read(file)


def test_a_mask_is_laid_over_the_picture_as_that_was_fitted(tmp_path):
    """A picture of 100 x 200: squashed, the box is 30 % wide and 20 % high; padded, 15 % wide."""
    outlines = masks.read(_file(tmp_path, {"segmentation": [BOX]}))
    places = {}
    for fit in ("squash", "pad"):
        masks.write(tmp_path / "masks.npz", _table(), outlines, fit)
        found = masks.over_pictures(tmp_path / "masks.npz", np.array([4, 5]))
        assert found.shape == (2, 56, 56)
        assert not found[0].any()
        rows, columns = np.nonzero(found[1])
        places[fit] = [rows.min(), rows.max() + 1, columns.min(), columns.max() + 1]
    assert places["squash"] == pytest.approx([5.6, 16.8, 5.6, 22.4], abs=1)
    assert places["pad"] == pytest.approx([5.6, 16.8, 16.8, 25.2], abs=1)


def test_a_finding_smaller_than_a_cell_still_has_one(tmp_path):
    dot = [50.0, 100.0, 51.0, 100.0, 51.0, 101.0, 50.0, 101.0]
    outlines = masks.read(_file(tmp_path, {"segmentation": [dot]}))
    masks.write(tmp_path / "masks.npz", _table(), outlines, "pad")
    assert 1 <= masks.over_pictures(tmp_path / "masks.npz", np.array([5])).sum() <= 9


@pytest.mark.parametrize("rows", [[6], []], ids=["other-rows", "no-rows"])
def test_masks_of_no_training_image_are_refused(rows, tmp_path):
    outlines = masks.read(_file(tmp_path, {"segmentation": [BOX]}))
    masks.write(tmp_path / "masks.npz", _table(), outlines, "pad")
    for name in ("masks.npz", "nowhere.npz"):
        with pytest.raises(UserError, match=r"no training image has a mask .*; set both to 0"):
            masks.over_pictures(tmp_path / name, np.array(rows, int))
