"""Rows that may be shown for a time only: what is left of a content at a moment, and when that changes next. Pure."""

from __future__ import annotations

from datetime import datetime

from publisher.model import Content, Table, Workbook
from publisher.values import replace


def lapse(content: Content, now: datetime) -> tuple[Content, datetime | None]:
    """The content without the rows whose time has come, and the moment at which the next one's does (PFIF 1.4, 3.3)."""
    if not isinstance(content, Workbook) or not any(table.ends for table in content.tables):
        return content, None
    dues = [end for table in content.tables for end in table.ends if end is not None and end > now]
    return replace(content, tables=tuple(_left(table, now) for table in content.tables)), min(dues, default=None)


def _left(table: Table, now: datetime) -> Table:
    if not any(end is not None and end <= now for end in table.ends):
        return table
    kept = [i for i, end in enumerate(table.ends) if end is None or end > now]
    return replace(
        table,
        rows=[table.rows[i] for i in kept],
        lines=[table.lines[i] for i in kept],
        ends=tuple(table.ends[i] for i in kept),
    )
