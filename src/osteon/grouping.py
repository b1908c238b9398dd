"""Which images stand or fall together: twins of one picture, and groups that are never divided."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def twin_ids(paths: Sequence[str], pairs: pd.DataFrame) -> list[str]:
    """Name for each path the first of all that are its duplicates, directly or in a chain."""
    linked = pd.concat([
        pd.DataFrame({"one": paths, "link": paths}),
        pd.DataFrame({"one": pairs["path_a"], "link": pairs["path_b"]})])
    return _components(linked["one"], linked["link"])[:len(paths)]


def group_ids(patient_ids: Sequence[str], twins: Sequence[str]) -> list[str]:
    """Join patients who share a picture: connected components over patient and twin.

    A group is named after its first patient in the order of names.
    """
    return _components(patient_ids, twins)


def chains(pairs: pd.DataFrame) -> int:
    """Count the sets of near-duplicates that hang together by a chain: some two are no pair."""
    near = pairs[pairs["kind"] == "near"]
    paths = sorted({*near["path_a"], *near["path_b"]})
    twin = pd.Series(twin_ids(paths, near), index=paths, dtype=object)
    members = twin.value_counts()
    links = near["path_a"].map(twin).value_counts()
    return int((members * (members - 1) / 2 - links > 0).sum())


def _components(ones: Sequence[str] | pd.Series, others: Sequence[str] | pd.Series) -> list[str]:
    """Join names that are linked, and give for each link the first name of its component."""
    left, left_names = pd.factorize(np.asarray(ones, dtype=object), sort=True)
    right, right_names = pd.factorize(np.asarray(others, dtype=object))
    size = len(left_names) + len(right_names)
    edges = coo_array((np.ones(len(left)), (left, right + len(left_names))), shape=(size, size))
    _, component = connected_components(edges, directed=False)
    of_left = component[:len(left_names)]
    first = dict(zip(of_left[::-1], left_names[::-1], strict=True))
    return [first[of_left[name]] for name in left]
