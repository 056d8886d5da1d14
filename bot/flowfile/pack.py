"""The shipped pack: the flows and words that come with the product, read only."""

from __future__ import annotations

from pathlib import Path

import bot


def pack_root() -> Path:
    """The folder that holds the shipped `flows` and `templates`: inside an installed package, else
    the repository this file is in."""
    package = Path(bot.__file__).parent
    installed = package / "pack"
    return installed if (installed / "flows").is_dir() else package.parent
