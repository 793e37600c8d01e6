"""What goes first when much waits for a mirror: urgent notices and the home pages, with all they need, before the routine rest."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Iterator
from urllib.parse import unquote

from publisher.mirrors.plan import MirrorPlan
from publisher.patterns import pattern
from publisher.site.order import HOMES
from publisher.values import replace

#: So many uploads are sent in the usual order: they are through in a moment.
MANY = 100

# In UTF-8 and in Shift_JIS alike: no second byte of a character is a quotation mark (JIS X 0208, 0x40 and above).
_LINK = pattern(rb'\b(?:href|src)="([^"#?]+)')


def hasten(plan: MirrorPlan, urgent: Collection[str], read: Callable[[str], bytes], begun: Collection[str] = ()) -> MirrorPlan:
    """The plan with ``urgent`` and the home pages in front, and in front of them whatever they lead to that the mirror lacks.

    So no page is there before what it links to, here neither: what stands on the mirror already, if only as it was, breaks
    no link. But for those ``begun``, which the mirror has confirmed since it last showed the whole site: nothing had to lead to them
    yet, and what they link to may still be missing. ``read`` gives the bytes of a path of the site. A plan of up to ``MANY`` uploads and one without
    anything urgent stays as it is.
    """
    waiting = {upload.path: upload for upload in plan.puts}
    if len(waiting) <= MANY or not any(path in waiting for path in urgent):
        return plan
    todo = [path for path in (*urgent, *sorted(HOMES)) if path in waiting]
    first: set[str] = set()
    while todo:
        path = todo.pop()
        if path not in first:
            first.add(path)
            leads = (to for to in links(path, read(path)) if to in begun or (to in waiting and waiting[to].is_new))
            todo += [to for to in leads if to not in first]
    puts = sorted((replace(upload, first=upload.path in first) for upload in plan.puts), key=lambda upload: not upload.first)
    return replace(plan, puts=tuple(puts), led=frozenset(first))


def links(path: str, body: bytes) -> Iterator[str]:
    """The paths of the site to which a page leads; addresses of others are left out."""
    if not path.endswith(".html"):
        return
    folder = posixpath.dirname(path)
    for href in _LINK.findall(body):
        address = unquote(href.decode("ascii", "replace"))
        if ":" not in address and not address.startswith("/"):
            inner = posixpath.normpath(posixpath.join(folder, address))
            yield f"{inner}/index.html".removeprefix("./") if address.endswith("/") or inner == "." else inner
