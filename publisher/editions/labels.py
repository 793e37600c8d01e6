"""The words in front of a title that say what it is: 【緊急】, 【訂正】, 【訓練】… in text, never by
colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from publisher.model import Card, Severity, State

_SEVERITIES = {Severity.URGENT: "urgent", Severity.IMPORTANT: "important"}


def labels(card: Card, words: Mapping[str, str], drill_shown: bool = False) -> list[tuple[str, str]]:
    """(kind, label) for each mark of a card, the gravest first. A mark that the title begins with already
    is left out.

    ``drill_shown``: the page says already that it is a drill.
    """
    if card.state is State.WITHDRAWN:
        return [("gone", words["withdrawn"])]
    if card.state is State.EXPIRED:
        return [("gone", words["expired"])]
    kinds = []
    if card.drill and not drill_shown:
        kinds.append(("drill", words["drill_label"]))
    severity = _SEVERITIES.get(card.severity)
    if severity:
        kinds.append((severity, words[severity]))
    if card.corrected:
        kinds.append(("corrected", words["corrected"]))
    return [(kind, label) for kind, label in kinds if f"【{label}】" not in card.title[:24]]


def prefix(card: Card, words: Mapping[str, str], drill_shown: bool = False) -> str:
    """``【緊急】【訂正】`` as plain text."""
    return "".join(f"【{label}】" for _, label in labels(card, words, drill_shown))
