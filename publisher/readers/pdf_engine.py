"""PDFium with a font of our own for Japanese text whose font is not in the file.

Many offices make PDF files without the shapes of their letters. Drawn with whatever fonts a machine has, the same file would give other
pictures on each, and none on a bare server; so PDFium is told to look for fonts in one folder only: the Noto fonts that are installed with us.
"""

from __future__ import annotations

import ctypes
from functools import cache
from types import ModuleType

from publisher.readers.fonts import folder


@cache
def engine() -> ModuleType:
    """The module ``pypdfium2``, its library started anew with our fonts. PDFium is not thread-safe: callers take turns."""
    import pypdfium2
    import pypdfium2.raw as raw

    paths = (ctypes.c_char_p * 2)(str(folder()).encode(), None)
    config = raw.FPDF_LIBRARY_CONFIG(version=2)
    config.m_pUserFontPaths = ctypes.cast(paths, type(config.m_pUserFontPaths))
    raw.FPDF_DestroyLibrary()  # importing it has started it with the machine's fonts
    raw.FPDF_InitLibraryWithConfig(ctypes.byref(config))
    engine.kept = (paths, config)  # type: ignore[attr-defined]  # the library goes on reading them
    return pypdfium2
