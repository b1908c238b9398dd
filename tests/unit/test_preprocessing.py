"""Every image once into one file, in the order of the rows."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from osteon.imaging import ImageError, PreprocessSpec
from osteon.preprocessing import PICTURES, open_pictures, write_pictures

SPEC = PreprocessSpec(image_size_px=32, contrast="none", clahe_clip=2.0, clahe_grid=8,
                      fit="squash")


def _images(folder, values):
    files = []
    for number, value in enumerate(values):
        files.append(folder / f"{number}.png")
        cv2.imwrite(str(files[-1]), np.full((40 + number, 50), value, np.uint8))
    return files


def test_pictures_lie_in_the_order_of_the_rows(tmp_path):
    values = list(range(0, 250, 5))
    write_pictures({tmp_path / PICTURES: SPEC}, _images(tmp_path, values))
    found = open_pictures(tmp_path)
    assert found.shape == (50, 32, 32)
    assert found.dtype == np.uint8
    assert found[:, 7, 11].tolist() == values
    assert (found == found[:, :1, :1]).all()


def test_an_unreadable_file_stops_the_writing(tmp_path):
    (tmp_path / "text.png").write_bytes(b"no picture")
    with pytest.raises(ImageError, match="not a PNG, JPEG, TIFF, BMP or DICOM file"):
        write_pictures({tmp_path / PICTURES: SPEC}, [tmp_path / "text.png"])


def test_the_same_images_give_the_same_bytes(tmp_path):
    images = _images(tmp_path, [3, 200, 77])
    for name in ("one.npy", "two.npy"):
        write_pictures({tmp_path / name: SPEC}, images)
    assert (tmp_path / "one.npy").read_bytes() == (tmp_path / "two.npy").read_bytes()


def test_one_reading_serves_several_specs(tmp_path):
    large = replace(SPEC, image_size_px=48)
    files = {tmp_path / "small.npy": SPEC, tmp_path / "large.npy": large}
    write_pictures(files, _images(tmp_path, [3, 200]))
    small, found = np.load(tmp_path / "small.npy"), np.load(tmp_path / "large.npy")
    assert (small.shape, found.shape) == ((2, 32, 32), (2, 48, 48))
    assert (small[:, 0, 0].tolist(), found[:, 47, 47].tolist()) == ([3, 200], [3, 200])
