"""What every test may use."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings

settings.register_profile("any machine", deadline=None)  # how long an example takes says more of what runs beside it
settings.load_profile("any machine")

ROOT = Path(__file__).resolve().parent.parent
TOKYO = ZoneInfo("Asia/Tokyo")


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder of real municipal files, when it stands beside the checkout or where PUBLISHER_REAL says."""
    folder = Path(os.environ.get("PUBLISHER_REAL", ROOT.parent / "shared" / "real"))
    if not folder.is_dir():
        pytest.skip("the real files are not here")
    return folder


@pytest.fixture
def noon() -> datetime:
    """The moment of arrival in tests: 12 March 2011, 12:00 in Japan."""
    return datetime(2011, 3, 12, 12, 0, tzinfo=TOKYO)
