"""``publisher.toml``: what a site is called, what may be shown of a table, where the site is mirrored."""

from publisher.settings.load import load
from publisher.settings.values import (
    BackupSettings,
    Consent,
    Editions,
    MirrorSettings,
    Paths,
    RelaySettings,
    Settings,
    Site,
    TableProfile,
    Withhold,
)

__all__ = [
    "BackupSettings",
    "Consent",
    "Editions",
    "MirrorSettings",
    "Paths",
    "RelaySettings",
    "Settings",
    "Site",
    "TableProfile",
    "Withhold",
    "load",
]
