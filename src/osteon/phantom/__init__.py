"""Procedural bone radiographs, for runs without real ones."""
