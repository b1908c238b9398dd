"""Reproducible, honest classification of bone radiographs."""

__version__ = "0.1.0"
