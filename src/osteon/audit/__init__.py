"""What a data set would have claimed under each protocol; `python -m osteon.audit --help`."""
