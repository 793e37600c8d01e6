"""The Japanese font that is installed with us, so that no machine needs one of its own."""

from __future__ import annotations

from pathlib import Path


def folder() -> Path:
    """Where the fonts lie: Noto Sans JP and Noto Serif JP."""
    import pylopdf_fonts_jp

    return Path(pylopdf_fonts_jp.__file__).parent


def sans() -> Path:
    """Noto Sans JP, regular."""
    return folder() / "NotoSansJP-Regular.otf"
