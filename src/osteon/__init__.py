"""Reproducible, honest classification of bone radiographs."""

__version__ = "0.1.0"

# Before pydicom, which loads GDCM: the other way round, OpenCV frees memory twice over a PNG that
# it writes, and ends the process.
import cv2 as cv2
