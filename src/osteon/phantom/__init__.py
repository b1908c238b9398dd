"""Procedural bone radiographs in the layout of MURA v1.1, for runs without the real archive."""
