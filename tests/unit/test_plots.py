"""A plot of a leaky cut says so in red; one of an honest cut is drawn as if there were no mark."""

import cv2
import numpy as np
import pytest
from matplotlib import pyplot as plt

from osteon import plots

MARK = "LEAKY: cut by image, as published; 9 patients in several parts: p1 (train, test)"


def _draw(file, mark):
    figure, (left, right) = plots.panels(2)
    left.plot([0, 1], [0.6, 0.7])
    right.plot([0, 1], [0.6, 0.5])
    plots.save(figure, file, mark)


def _red_pixels(file):
    blue, green, red = np.moveaxis(cv2.imread(str(file)).astype(int), 2, 0)
    return int(((red > 190) & (green < 40) & (blue < 40)).sum())


def test_every_plot_bears_the_mark_of_its_cut(tmp_path):
    _draw(tmp_path / "leaky.png", MARK)
    _draw(tmp_path / "honest.png", "")
    assert _red_pixels(tmp_path / "leaky.png") > 200
    assert _red_pixels(tmp_path / "honest.png") == 0


@pytest.mark.parametrize(("mark", "title"), [
    pytest.param(MARK, "LEAKY: cut by image, as published; 9 patients in several\n"
                 "parts: p1 (train, test)", id="two lines"),
    pytest.param("LEAKY: " + "patient " * 40, "LEAKY:" + " patient" * 6 + "\n"
                 + "patient " * 7 + "...", id="a long one is cut short"),
])
def test_the_title_says_what_leaks(tmp_path, mark, title):
    figure = plt.figure()
    plots.save(figure, tmp_path / "plot.png", mark)
    assert figure.get_suptitle() == title


def test_the_same_data_give_the_same_bytes(tmp_path):
    for name in ("first.png", "second.png"):
        _draw(tmp_path / name, "")
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()
