"""A DICOM node between an archive and the service: radiographs in, verdicts out.

Run it as `python -m osteon.serving.dicom`; its libraries are the extra `pacs`.
"""
