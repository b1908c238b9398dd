"""Findings that radiologists outlined, from a COCO file beside the images: where they lie."""

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.errors import UserError
from osteon.files import fresh_file
from osteon.frames import Frame, Mask
from osteon.sections.data import Fit

log = logging.getLogger(__name__)

CELLS = 56  # to a side of a picture that is learnt from; the last feature maps have 7 to 10
TABLE = "masks.npz"

_TOLERANCE = 0.02  # of proportions: sizes that differ by more belong to another picture


@dataclass(frozen=True)
class Outline:
    """The polygons of one image, each (points, 2), in pixels of a picture of this size."""

    width_px: int
    height_px: int
    polygons: tuple[NDArray[np.float64], ...]

    def within(self, frame: Frame) -> Mask | None:
        """Draw the polygons into a picture's frame; none where they are of another picture."""
        across, down = frame.width_px / self.width_px, frame.height_px / self.height_px
        if abs(across / down - 1) > _TOLERANCE:
            return None
        mask = frame.draw(polygon * (across, down) for polygon in self.polygons)
        return mask if mask.any() else None


def read(file: Path) -> dict[str, Outline]:
    """Read a COCO file: the outline of each image that has one, by the name of its file.

    Raises:
        UserError: it is no COCO file, or outlines findings otherwise than by polygons or boxes.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        polygons: dict[int, list[NDArray[np.float64]]] = {}
        for annotation in content["annotations"]:
            polygons.setdefault(annotation["image_id"], []).extend(_polygons(annotation))
        return {str(image["file_name"]): Outline(int(image["width"]), int(image["height"]),
                                                 tuple(polygons[image["id"]]))
                for image in content["images"] if polygons.get(image["id"])}
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"explain.masks: {file} cannot be read as COCO's polygons "
                        f"({type(error).__name__}: {error})") from None


def find(table: pd.DataFrame, outlines: dict[str, Outline]) -> dict[int, Mask]:
    """Give the mask of each row (path, height_px, width_px) that has one, in the row's frame.

    An outline goes with a row by the row's path, else by the name of its file. One drawn on a
    picture of other proportions is left out, with a word.
    """
    found, foreign = {}, []
    for row, path, height, width in zip(table.index, table["path"], table["height_px"],
                                        table["width_px"], strict=True):
        outline = outlines.get(path) or outlines.get(Path(path).name)
        mask = outline.within(Frame(int(height), int(width))) if outline else None
        if mask is not None:
            found[int(row)] = mask
        elif outline:
            foreign.append(path)
    if foreign:
        log.warning("masks: %d of them do not fit their picture, as that of %s; left out",
                    len(foreign), foreign[0])
    return found


def write(file: Path, table: pd.DataFrame, outlines: dict[str, Outline], fit: Fit) -> None:
    """Write the masks of the rows of a table, as they lie over pictures of this fit, in cells."""
    found = find(table, outlines)
    sizes = table[["height_px", "width_px"]].astype(int)
    cells = [Frame(*sizes.loc[row]).cells(mask, fit, CELLS) for row, mask in found.items()]
    with fresh_file(file) as aside, aside.open("wb") as stream:
        np.savez_compressed(stream, rows=np.array(list(found), np.int64),
                            cells=np.array(cells, bool).reshape(-1, CELLS, CELLS))


def over_pictures(file: Path, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Read the masks of some rows of the pictures: (rows, CELLS, CELLS), empty where there is none.

    Raises:
        UserError: there is no such file, or it knows none of the rows.
    """
    found = np.zeros((len(rows), CELLS, CELLS), bool)
    if file.is_file():
        kept = np.load(file)
        _, ours, theirs = np.intersect1d(rows, kept["rows"], return_indices=True)
        found[ours] = kept["cells"][theirs]
    if not found.any():
        raise UserError("finetune.localisation, finetune.outlines: no training image has a mask "
                        "(explain.masks names the file below dataset.root); set both to 0")
    return found


def _polygons(annotation: dict[str, Any]) -> list[NDArray[np.float64]]:
    outlined = annotation.get("segmentation") or [_corners(*annotation["bbox"])]
    if not isinstance(outlined, list):
        raise ValueError("run-length masks are not read; write polygons")  # noqa: TRY004
    return [np.asarray(numbers, np.float64).reshape(-1, 2) for numbers in outlined]


def _corners(left: float, top: float, width: float, height: float) -> list[float]:
    return [left, top, left + width, top, left + width, top + height, left, top + height]
