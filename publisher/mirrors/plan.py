"""What has to be sent to a mirror, in which order, and what may be taken away."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from publisher.mirrors.headers import Headers, headers
from publisher.model import Delete, PageRecord, Problem, Put, Reason
from publisher.site.order import Rank, rank_of
from publisher.values import frozen

#: However small a mirror is, so many files may vanish at once without a question …
FEW = 50
#: … and of a large one this part.
SHARE = 0.2

#: The receipt of a file that may be there: its first upload was begun and never confirmed.
UNSURE = ("", "")


@frozen
class Upload:
    """One file to send. ``replaces``: the receipt of what stands there now, None where nothing does. ``first``: before all the rest;
    ``is_new``: nothing that readers can reach leads there yet."""

    path: str
    reason: Reason
    sha256: str
    headers: Headers
    rank: Rank
    serial: int = 0
    replaces: tuple[str, str] | None = None
    first: bool = False
    is_new: bool = False

    @property
    def put(self) -> Put:
        return Put(self.path, self.reason)

    def __str__(self) -> str:
        return str(self.put)


@frozen
class MirrorPlan:
    """``puts`` in the order of their ranks, then ``deletes``; ``refused``: why there are none. ``led``: all to which those lead that go before the rest;
    ``forsaken``: files that came new, to which nothing ever led, and that left the site: until they are deleted nobody knows what they link to."""

    puts: tuple[Upload, ...] = ()
    deletes: tuple[Delete, ...] = ()
    refused: Problem | None = None
    led: frozenset[str] = frozenset()
    forsaken: tuple[str, ...] = ()

    @property
    def ranks(self) -> tuple[tuple[Upload, ...], ...]:
        """The uploads step by step; the empty steps are left out."""
        steps: dict[tuple[bool, Rank], list[Upload]] = {}
        for upload in self.puts:
            steps.setdefault((not upload.first, upload.rank), []).append(upload)
        return tuple(tuple(steps[step]) for step in sorted(steps))

    @property
    def empty(self) -> bool:
        return not self.puts and not self.deletes and self.refused is None


def plan(
    mirror: str,
    changed: Iterable[PageRecord],
    gone: Collection[str],
    receipts: Mapping[str, tuple[str, str]],
    held: int,
    allow_deletions: bool = False,
    unreached: Collection[str] = (),
) -> MirrorPlan:
    """Compare the files of the site with what a mirror confirmed.

    ``changed`` are the records that the mirror may lack (all of them, or those since the serial it holds),
    ``gone`` the paths that left the site, ``receipts`` path → (SHA-256, headers' digest) for those of both
    that the mirror confirmed, ``unreached`` those to which nothing led when the sending broke off: they go with the new ones, for what they link to
    may never have come, and the next new list leads to them. ``held`` says how many files it holds (asked for when more than ``FEW`` are gone). More deletions than ``max(50, 20 % of held)``
    are refused as a whole, unless a person let them through.
    """
    puts = [
        upload for record in changed if (upload := _upload(record, receipts.get(record.path), record.path in unreached)) is not None
    ]
    # Within a step the newest first: on a slow line that is what people wait for.
    puts.sort(key=lambda upload: (upload.rank, -upload.serial, upload.path))
    staying = {upload.path for upload in puts}
    deletes = tuple(Delete(path) for path in sorted(gone) if path in receipts and path not in staying)
    forsaken = tuple(sorted(set(unreached) & set(gone) - staying))
    if len(deletes) > max(FEW, SHARE * held) and not allow_deletions:
        return MirrorPlan(tuple(puts), (), _too_many(mirror, len(deletes), held), forsaken=forsaken)
    return MirrorPlan(tuple(puts), deletes, forsaken=forsaken)


def _upload(record: PageRecord, receipt: tuple[str, str] | None, is_unreached: bool) -> Upload | None:
    """The upload that a file needs, or None when the mirror has it under the right headers."""
    served = headers(record.path, record.kind, record.personal)
    if receipt == (record.sha256, served.digest):
        return None
    if receipt is None or receipt == UNSURE:
        reason = Reason.NEW
    else:
        reason = Reason.CHANGED if receipt[0] != record.sha256 else Reason.HEADERS
    is_new = is_unreached or reason is Reason.NEW
    return Upload(record.path, reason, record.sha256, served, rank_of(record.path, record.kind, is_new), record.serial, receipt, is_new=is_new)


def _too_many(mirror: str, count: int, held: int) -> Problem:
    return Problem(
        "mirror-deletions",
        f"{held}個のファイルのうち{count}個が一度に消えることになるため、何も消していません。",
        f"公開先「{mirror}」",
        "なくなったはずのページも、この公開先ではまだ見えています。",
        "元のフォルダーに消えた書類がないか確かめてください。消してよければ、publisher publish --allow-deletions で消せます（publisher watch は、いちど止めてください）。",
    )
