"""From a bulletin to the pages of every edition: web, light, legacy, data, feeds. Pure; the theme alone
is read from files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from publisher.editions.document import document, document_version, tombstone
from publisher.editions.extras import extras
from publisher.editions.feeds import FeedView, feeds
from publisher.editions.frame import LEGACY, LIGHT, WEB, Edition, Frame
from publisher.editions.legible import simplified
from publisher.editions.lists import archive, archive_path, category, home
from publisher.editions.theme import Theme
from publisher.editions.views import ArchiveView, CategoryView, ExtrasView, HomeView

if TYPE_CHECKING:
    from publisher.editions.tables import drafts as table_drafts
    from publisher.editions.tables import parts as table_parts
    from publisher.editions.tables import ready as tables_ready
    from publisher.editions.tables import table
    from publisher.editions.tables import warnings as table_warnings

__all__ = [
    "LEGACY",
    "LIGHT",
    "WEB",
    "ArchiveView",
    "CategoryView",
    "Edition",
    "ExtrasView",
    "FeedView",
    "Frame",
    "HomeView",
    "Theme",
    "archive",
    "archive_path",
    "category",
    "document",
    "document_version",
    "extras",
    "feeds",
    "home",
    "simplified",
    "table",
    "table_drafts",
    "table_parts",
    "table_warnings",
    "tables_ready",
    "tombstone",
]

_OF_TABLES = {"table": "table", "table_drafts": "drafts", "table_parts": "parts", "tables_ready": "ready", "table_warnings": "warnings"}


def __getattr__(name: str) -> object:
    """What tables need is imported with the first table: a notice does not wait for it."""
    if name not in _OF_TABLES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from publisher.editions import tables

    return getattr(tables, _OF_TABLES[name])
