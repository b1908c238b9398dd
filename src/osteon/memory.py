"""Memory that a process has freed: kept for its next need, or given back."""

import ctypes

# mallopt's parameters, as glibc's malloc.h numbers them, and what each is set to.
_TRIM_THRESHOLD, _NEVER = -1, 2**31 - 1
_MMAP_MAX, _NONE = -4, 0
_ARENA_MAX, _ONE = -8, 1


def keep_freed() -> None:
    """Give nothing back to the system before the process ends.

    A network's images and maps are large, and the C library asks the system for each of them anew,
    which then has to clear every page: half of a training step's processor time. All threads share
    one arena, since what another one holds would be given back all the same. Where the C library
    is not glibc nothing changes.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    for parameter, value in ((_TRIM_THRESHOLD, _NEVER), (_MMAP_MAX, _NONE), (_ARENA_MAX, _ONE)):
        mallopt(parameter, value)


def give_back_freed() -> None:
    """Give the system what is free now, where the C library is glibc."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
