"""The process's memory once everything is set up."""

from __future__ import annotations

import ctypes
import gc

_YOUNG, _MIDDLE, _OLD = 10_000, 20, 50


def settle() -> None:
    """Modules, flows and words stay for life: the collector need not look at them again, and looks at
    what turns leave behind in larger portions, since nearly all of it is gone by reference count
    before. What the start alone needed (training the router) goes back to the system."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc only
    if trim is not None:
        trim(0)
