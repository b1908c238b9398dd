"""How lists are written for people."""

from collections.abc import Sequence


def shortened(names: Sequence[str], most: int = 5, between: str = ", ") -> str:
    """Name the first few, and say how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return between.join(names[:most]) + more
