"""Copies are found however they were saved, turned or cropped; other pictures are not."""

import cv2
import numpy as np
import pandas as pd
import pytest

from osteon.duplicates import PAIRS, find, turned_hashes
from osteon.sections.data import Duplicates

SETTINGS = Duplicates(hash_distance=10, correlation=0.8)
SIDE = 256


def _picture(seed):
    """Smooth shapes with texture, different for every seed."""
    random = np.random.default_rng(seed)
    coarse = cv2.resize(random.random((9, 9)).astype(np.float32), (SIDE, SIDE),
                        interpolation=cv2.INTER_CUBIC)
    fine = cv2.resize(random.random((40, 40)).astype(np.float32), (SIDE, SIDE),
                      interpolation=cv2.INTER_CUBIC)
    return np.clip(160 * coarse + 60 * fine, 0, 255).astype(np.uint8)


def _hash(picture):
    small = cv2.resize(picture, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    bits = cv2.dct(small)[:8, :8] > 0
    bits[0, 0] = False
    return np.packbits(bits.reshape(1, 64)).tobytes().hex()


def _rows(pictures, *, sha256=None, pixel_hash=None):
    names = [f"{number:02d}" for number in range(len(pictures))]
    rows = pd.DataFrame({"path": names, "sha256": sha256 or names,
                         "pixel_hash": pixel_hash or names,
                         "perceptual_hash": [_hash(picture) for picture in pictures]})
    thumbnails = [cv2.resize(picture, (64, 64), interpolation=cv2.INTER_AREA)
                  for picture in pictures]
    return rows, np.array(thumbnails)


def _found(pictures, settings=SETTINGS, **hashes):
    return find(*_rows(pictures, **hashes), settings)


def _jpeg(picture, quality):
    encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE)


def _marked(picture):
    changed = picture.copy()
    cv2.putText(changed, "L", (10, 40), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 255, 3)
    return changed


CHANGES = [
    pytest.param(lambda p: _jpeg(p, 30), id="saved as a poor JPEG"),
    pytest.param(lambda p: cv2.resize(p, (180, 180), interpolation=cv2.INTER_AREA), id="smaller"),
    pytest.param(lambda p: cv2.resize(p, (300, 200), interpolation=cv2.INTER_AREA),
                 id="stretched to another shape"),
    pytest.param(lambda p: np.clip(p * 0.6 + 20, 0, 255).astype(np.uint8), id="darker and duller"),
    pytest.param(lambda p: (255 * (p / 255) ** 1.6).astype(np.uint8), id="another gamma"),
    pytest.param(_marked, id="with a side marker"),
    pytest.param(lambda p: p[4:, 6:], id="cropped by a fiftieth"),
    pytest.param(lambda p: np.vstack([p[:230], np.full((26, SIDE), 128, np.uint8)]),
                 id="cut short: its last tenth is grey"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_a_near_duplicate(change):
    pairs = _found([_picture(1), change(_picture(1)), _picture(2)]).pairs
    assert pairs[["path_a", "path_b", "kind", "mirrored", "turned_deg"]].to_numpy().tolist() == [
        ["00", "01", "near", False, 0]]
    assert pairs["correlation"].between(0.8, 1).all()


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("quarters", range(4))
def test_a_copy_is_found_mirrored_and_turned_by_quarters(mirrored, quarters):
    original = _picture(3)
    # What the second must undergo to lie on the first is the inverse of what it underwent.
    copy = np.rot90(original, -quarters)
    copy = np.ascontiguousarray(copy[:, ::-1] if mirrored else copy)
    pairs = _found([original, _jpeg(copy, 80)]).pairs
    assert pairs[["mirrored", "turned_deg"]].to_numpy().tolist() == [[mirrored, 90 * quarters]]


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("quarters", range(4))
def test_hashes_turn_without_their_pictures(mirrored, quarters):
    picture = _picture(4)
    seen = np.rot90(picture[:, ::-1] if mirrored else picture, quarters)
    hashes = np.array([int(_hash(picture), 16)], np.uint64)
    turned = turned_hashes(hashes, mirrored=mirrored, quarters=quarters)
    assert f"{turned[0]:016x}" == _hash(np.ascontiguousarray(seen))


def test_other_pictures_are_no_duplicates_even_of_one_hash():
    """Ninety pictures whose low frequencies agree: the hash proposes them, the proof refuses."""
    base = cv2.GaussianBlur(_picture(5), (0, 0), 20).astype(np.float32)
    pictures = []
    for seed in range(90):
        random = np.random.default_rng(seed)
        detail = cv2.resize(random.normal(0, 25, (32, 32)).astype(np.float32), (SIDE, SIDE),
                            interpolation=cv2.INTER_CUBIC)
        pictures.append(np.clip(base + detail, 0, 255).astype(np.uint8))
    found = _found(pictures)
    assert found.candidates > 500
    assert found.pairs.empty
    assert list(found.pairs.columns) == PAIRS


def test_equal_bytes_and_equal_pixels_are_told_apart_and_given_once():
    picture = _picture(6)
    pairs = _found([picture] * 4, sha256=["s", "s", "t", "u"],
                   pixel_hash=["p", "p", "p", "q"]).pairs
    assert pairs[["path_a", "path_b", "kind"]].to_numpy().tolist() == [
        ["00", "01", "bytes"], ["00", "02", "pixels"], ["00", "03", "near"]]


def test_pairs_that_chunks_divide_are_found():
    pictures = [_picture(100 + number) for number in range(150)]
    pictures[149] = _jpeg(pictures[2], 60)
    pictures[140] = _jpeg(pictures[139], 60)
    pairs = _found(pictures).pairs
    assert pairs[["path_a", "path_b"]].to_numpy().tolist() == [["02", "149"], ["139", "140"]]


@pytest.mark.parametrize("count", [0, 1])
def test_few_images_have_no_duplicates(count):
    found = _found([_picture(1)] * count) if count else find(
        _rows([_picture(1)])[0].iloc[:0], np.empty((0, 64, 64), np.uint8), SETTINGS)
    assert found.pairs.empty
    assert found.candidates == 0


def test_blank_pictures_are_never_near_one_another():
    blank = [np.full((SIDE, SIDE), value, np.uint8) for value in (0, 100, 255)]
    assert _found(blank).pairs.empty
