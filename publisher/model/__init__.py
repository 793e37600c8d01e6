"""The frozen values that travel from stage to stage.

    intake ─► readers ─► review ─► ledger ─► editions ─► site ─► mirrors
    Arrival   Notice     Accepted  Bulletin   Page      Plan     Receipt
              Workbook   or Held
              Scan

Every moment in them is an aware ``datetime``; every path is NFC, relative, with ``/`` between its parts;
every hash is SHA-256 in lower-case hexadecimal digits.

The modules below are read when a name of theirs is first asked for: ``publisher status`` needs a few of them, and making all these classes
takes longer than answering.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from publisher.model.card import *  # noqa: F403
    from publisher.model.content import *  # noqa: F403
    from publisher.model.file import *  # noqa: F403
    from publisher.model.multiset import *  # noqa: F403
    from publisher.model.problem import *  # noqa: F403
    from publisher.model.public import *  # noqa: F403

_MODULES = {
    "problem": ("Problem",),
    "card": ("Severity", "Kind", "State", "Category", "Version", "Card"),
    "content": ("Arrival", "Text", "Strong", "Link", "Break", "Ruby", "Inline", "Heading", "Paragraph", "Listing", "Grid", "Quote", "Preformatted", "Rule", "Figure", "Block", "Jpeg", "Picture", "Head", "Notice", "Scan", "Beside", "Table", "Workbook", "Content"),
    "public": ("TableKind", "PublicTable", "Change", "EditionTally", "PublicWorkbook", "PublicContent", "Accepted", "Held", "Verdict", "Bulletin"),
    "multiset": ("Lines", "Multiset"),
    "file": ("PageKind", "Page", "Reason", "Put", "Delete", "PageRecord", "Receipt"),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return found
