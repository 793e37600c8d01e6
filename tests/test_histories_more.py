"""The other half of the random histories (``test_histories``): in a file of its own, so that two workers go through them side by side."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.test_histories import MANY, PHASES, STEPS, Step, history


@pytest.mark.timeout(600)
@settings(max_examples=max(MANY // 2, 1), deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES)
@given(st.lists(STEPS, min_size=1, max_size=7))
def test_any_other_history_ends_in_the_site_of_a_fresh_build(steps: list[Step]) -> None:
    history(steps, workers=0)
