"""Who may not stand where they stand: bytes that a person took down, and files whose address another one has."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from publisher.ledger import Ledger
from publisher.ledger.documents import DocumentRow, VersionRow
from publisher.ledger.files import FileRow
from publisher.model import Problem
from publisher.pipeline.examine import Answer, refused
from publisher.pipeline.identify import TAKEN
from publisher.pipeline.recall import Recall


class Refusals:
    """What keeps a file from its page, whatever the review says of it. All of it runs within a transaction."""

    def __init__(self, ledger: Ledger, recall: Recall, now: datetime) -> None:
        self._ledger, self._recall, self._now = ledger, recall, now

    def of_new(self, path: str, sha256: str, document: DocumentRow, language: str, answer: Answer) -> Answer:
        """The review's answer about bytes that came, unless a person took them down, here or elsewhere, or the address is taken."""
        if self._recall.is_down(path, sha256):
            self._take_over(path, sha256)
            return self._withdrawn(path, sha256, self._recall.versions(document.id), answer.title)
        return self.unless_taken(path, document, language, answer)

    def of_standing(self, row: FileRow) -> Answer | None:
        """What is said of a file that stands and was taken down; None for any other."""
        if not self._ledger.decisions.withdrawn(row.path, row.sha256):
            return None
        return self._withdrawn(row.path, row.sha256, self._ledger.documents.versions(row.document), row.title)

    def unless_taken(self, path: str, document: DocumentRow, language: str, answer: Answer) -> Answer:
        """The review's answer, unless another file has this document's address in this language. Who would be refused anyway is told of that first."""
        if answer.word != "accepted" or document.key.endswith("/") or self._recall.is_blank(document.id):
            return answer
        files = [row for row in self._ledger.files.of_document(document.id) if row.language == language]
        holder = self.holder(document.id, language, files) if any(row.path != path for row in files) else ""
        return refused(path, _address_taken(path, holder), answer.title) if holder not in ("", path) else answer

    def holder(self, document: str, language: str, files: Sequence[FileRow]) -> str:
        """The one of a document's files that its page in this language is made of; "" for none. One whose correction is held counts: the public sees what
        it said before."""
        paths = {row.path for row in files if row.language == language}
        last = {version.path: version for version in self._recall.versions(document) if version.language == language}
        standing = [version for version in last.values() if version.path in paths and not version.gone]
        return max(standing, key=lambda version: version.number).path if standing else ""

    def _withdrawn(self, path: str, sha256: str, versions: Sequence[VersionRow], title: str) -> Answer:
        """What staff are told of bytes that are down. ``versions``: of the document that they would be part of; one of these bytes goes, too."""
        places = self._recall.taken_down_at(sha256)
        last = next((version for version in reversed(versions) if version.path == path), None)
        gone = None if last is None else last.gone or last.sha256 == sha256
        return refused(path, _withdrawn_by_person(path, places[-1] if places and path not in places else "", gone), title)

    def _take_over(self, path: str, sha256: str) -> None:
        """A withdrawal that was made elsewhere is on record for this path, too: it holds when the rules change, and can be lifted here."""
        moment = self._recall.elsewhere(path, sha256)
        if moment is not None:
            self._ledger.decisions.take_over(path, sha256, moment, self._now)
            self._recall.noted(path)


_SHOWN_OF_WITHDRAWN = {
    True: "公開ページには「取り消されました」と出ています。",
    False: "この中身は、公開していません。前に公開したものが、そのまま見えています。",
    None: "このファイルからは、何も公開していません。",
}


def _withdrawn_by_person(path: str, elsewhere: str, gone: bool | None) -> Problem:
    """``elsewhere``: where these bytes were taken down, "" for here. ``gone``: whether what stood here is gone, as its page says; None: nothing did."""
    what = f"「{elsewhere}」で担当者が取り消したものと、同じ中身です。" if elsewhere else "担当者の指示で取り消しました。"
    return Problem("withdrawn", what, path, _SHOWN_OF_WITHDRAWN[gone], "もう一度公開するには、publisher release を使います。")


def _address_taken(path: str, other: str) -> Problem:
    return Problem(
        TAKEN,
        f"「{other}」と同じ文書・同じ言語のファイルです。1つの番地に2つは公開できません。",
        path,
        f"「{other}」の内容が見えています。",
        "どちらか1つを残すか、名前を変えてください。",
    )
