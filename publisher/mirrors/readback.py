"""Looking again at what a store said it had stored or deleted: an answer of 200 is no proof.

A step of up to ``ALL`` files is looked at as a whole; of a larger one the first and the last file, the home pages, the root of the manifest
and one in ``EVERY``. As soon as one file is not what was sent, the whole run is looked at. ``alive.json`` is left out where it goes alone:
it is sent again within a minute. Every deletion is looked at: what was taken down must not stay.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence

from publisher.mirrors.contract import Mirror
from publisher.mirrors.plan import Upload
from publisher.site.order import Rank

ALL = 500
#: Of a store that loses a fifth of what it confirms, one step in four hundred passes unseen; one in a hundred would let half of all steps pass.
EVERY = 20
#: Seconds to wait before looking once more: some stores show a file a moment after they have confirmed it.
PAUSES = (0.0, 0.2, 0.8)

_ALWAYS = frozenset({Rank.NEW_HOME, Rank.HOME, Rank.MANIFEST, Rank.SIGNATURE, Rank.ALIVE})


def watched(step: Sequence[Upload], alone: bool) -> frozenset[str]:
    """The paths of a step that are looked at after they were sent. ``alone``: nothing else is sent in this run."""
    last = len(step) - 1
    return frozenset(
        upload.path
        for number, upload in enumerate(step)
        if not (alone and upload.rank is Rank.ALIVE)
        and (last < ALL or upload.first or upload.rank in _ALWAYS or number in (0, last) or number % EVERY == 0)
    )


def stands(mirror: Mirror, path: str, body: bytes) -> bool:
    """Whether the mirror gives these bytes. Costs a HEAD where the store tells its own digest of them, else a GET. Raises ``MirrorError``."""
    head = mirror.head(path)
    if head is None or head.size != len(body):
        return False
    if head.md5 and head.md5 == hashlib.md5(body, usedforsecurity=False).hexdigest():
        return True
    stored = mirror.get(path)
    return stored is not None and stored.body == body


def gone_at_last(mirror: Mirror, path: str, sleep: Callable[[float], None] = time.sleep) -> bool:
    """Whether the mirror has no such file any more, for a store that may need a moment. Raises ``MirrorError``."""
    for pause in PAUSES:
        sleep(pause)
        if mirror.head(path) is None:
            return True
    return False


def stands_at_last(mirror: Mirror, path: str, body: bytes, sleep: Callable[[float], None] = time.sleep) -> bool:
    """As ``stands``, for a store that may need a moment."""
    for pause in PAUSES:
        sleep(pause)
        if stands(mirror, path, body):
            return True
    return False
