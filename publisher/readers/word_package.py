"""The zip of a Word document: the parts that are read, within limits, parsed without entities or network."""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from typing import Any

from publisher.errors import Unreadable
from publisher.model import Problem
from publisher.values import field, record

SHOWN = "まだ公開していません。前に公開したものがあれば、そのまま見えています。"
MOST_MEMBERS = 10_000
MOST_XML = 40_000_000
"""Bytes of one part of XML when unpacked: six hundred pages of tables, read in about 650 MB of memory."""
MOST_TOGETHER = 200_000_000
"""Bytes of all parts and pictures that are taken out."""
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


@record
class Package:
    """``xml`` holds the parsed parts by role (document, styles, numbering, footnotes, endnotes, comments);
    ``pictures`` the bytes of images by part name; ``names`` the part name of each role.
    ``images`` maps (role, relationship id) to the part name of an image, ``outside`` holds the ids of things that
    are not in the file, ``kinds`` counts relationships by type.
    """

    names: dict[str, str]
    xml: dict[str, Any]
    images: dict[tuple[str, str], str] = field(default_factory=dict)
    outside: set[tuple[str, str]] = field(default_factory=set)
    kinds: dict[str, int] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict)
    types: bytes = b""
    relations: dict[str, Any] = field(default_factory=dict)


ROLES = ("styles", "numbering", "footnotes", "endnotes", "comments")


def unpack(path: str, data: bytes) -> Package:
    """The parts of a Word document. Raises ``Unreadable``: a password, a damaged file, a zip bomb, a DTD."""
    if data.startswith(_OLE):
        raise Unreadable(
            _problem(path, "password" if "EncryptedPackage".encode("utf-16-le") in data else "old-word")
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _Reader(path, archive).package()
    except Unreadable:
        raise
    except _BROKEN as error:
        raise Unreadable(_problem(path, "broken-word")) from error


class _Reader:
    """One open zip, and how much has been taken out of it."""

    def __init__(self, path: str, archive: zipfile.ZipFile) -> None:
        self._path = path
        self._archive = archive
        self._left = MOST_TOGETHER
        members = archive.infolist()
        if len(members) > MOST_MEMBERS or sum(member.file_size for member in members) > 4 * MOST_TOGETHER:
            raise Unreadable(_problem(path, "bomb"))
        if any(member.flag_bits & 1 for member in members):
            raise Unreadable(_problem(path, "password"))
        self._members = {member.filename.replace("\\", "/").lstrip("/"): member for member in members}

    def package(self) -> Package:
        main = self._main()
        made = Package({"document": main}, {"document": self._parsed(main)})
        made.types = self._bytes("[Content_Types].xml") if "[Content_Types].xml" in self._members else b""
        self._relate(made, "document", main)
        for role in ROLES:
            name = made.names.get(role) or posixpath.join(posixpath.dirname(main), f"{role}.xml")
            if name in self._members:
                made.names[role] = name
                made.xml[role] = self._parsed(name)
                if role in ("footnotes", "endnotes"):
                    self._relate(made, role, name)
        for name in dict.fromkeys(made.images.values()):
            if name in self._members:
                made.pictures[name] = self._bytes(name)
        return made

    def _main(self) -> str:
        if "_rels/.rels" in self._members:
            for relation in self._parsed("_rels/.rels"):
                if str(relation.get("Type", "")).endswith("/officeDocument"):
                    name = _part("", relation.get("Target", ""))
                    if name in self._members:
                        return name
        if "word/document.xml" in self._members:
            return "word/document.xml"
        raise Unreadable(_problem(self._path, "not-word"))

    def _relate(self, made: Package, role: str, name: str) -> None:
        """Read the relationships of a part; what is neither a hyperlink nor inside the file is forgotten."""
        folder, leaf = posixpath.split(name)
        rels = posixpath.join(folder, "_rels", f"{leaf}.rels")
        if rels not in self._members:
            return
        root = self._parsed(rels)
        for relation in list(root):
            kind = str(relation.get("Type", "")).rpartition("/")[2]
            key = (role, relation.get("Id", ""))
            made.kinds[kind] = made.kinds.get(kind, 0) + 1
            if relation.get("TargetMode") == "External":
                if kind != "hyperlink":
                    made.outside.add(key)
                    root.remove(relation)
                continue
            target = _part(folder, relation.get("Target", ""))
            if kind == "image":
                made.images[key] = target
            elif kind in ROLES and kind != "comments" and role == "document":
                made.names.setdefault(kind, target)
            elif kind == "comments":
                made.names.setdefault(kind, target)
                root.remove(relation)
            elif kind != "hyperlink":
                root.remove(relation)
        made.relations[role] = root

    def _bytes(self, name: str, most: int = MOST_TOGETHER) -> bytes:
        """A member, never more of it than its limit: the size that a zip declares may be a lie."""
        most = min(most, self._left)
        with self._archive.open(self._members[name]) as member:
            found = member.read(most + 1)
        if len(found) > most:
            raise Unreadable(_problem(self._path, "bomb"))
        self._left -= len(found)
        return found

    def _parsed(self, name: str) -> Any:
        from lxml import etree

        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
        )
        data = self._bytes(name, MOST_XML)
        if b"http://purl.oclc.org/ooxml/" in data:
            for strict, transitional in _STRICT:
                data = data.replace(strict, transitional)
        try:
            root = etree.fromstring(data, parser)
        except etree.XMLSyntaxError as error:
            raise Unreadable(_problem(self._path, "broken-word")) from error
        if (
            root.getroottree().docinfo.doctype
        ):  # ECMA-376 part 2, 8.1.4: parts have no document type declaration
            raise Unreadable(_problem(self._path, "dtd"))
        return root


def _part(folder: str, target: str) -> str:
    if target.startswith("/"):
        return posixpath.normpath(target.lstrip("/"))
    return posixpath.normpath(posixpath.join(folder, target))


def packed(made: Package) -> io.BytesIO:
    """A document again, of nothing but what was kept: no properties, comments, headers, settings, custom XML."""
    from lxml import etree

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("[Content_Types].xml", made.types or _TYPES)
        archive.writestr("_rels/.rels", _RELS.format(made.names["document"]))
        for role, root in made.xml.items():
            if role != "comments":
                archive.writestr(
                    made.names[role], etree.tostring(root, encoding="UTF-8", xml_declaration=True)
                )
        for role, root in made.relations.items():
            folder, leaf = posixpath.split(made.names[role])
            name = posixpath.join(folder, "_rels", f"{leaf}.rels")
            archive.writestr(name, etree.tostring(root, encoding="UTF-8", xml_declaration=True))
        for name, data in made.pictures.items():
            archive.writestr(name, data)
    out.seek(0)
    return out


_STRICT = tuple(
    (b"http://purl.oclc.org/ooxml/" + strict, b"http://schemas.openxmlformats.org/" + transitional)
    for strict, transitional in (
        (b"wordprocessingml/main", b"wordprocessingml/2006/main"),
        (b"officeDocument/relationships", b"officeDocument/2006/relationships"),
        (b"officeDocument/math", b"officeDocument/2006/math"),
        (b"drawingml/wordprocessingDrawing", b"drawingml/2006/wordprocessingDrawing"),
        (b"drawingml/main", b"drawingml/2006/main"),
        (b"drawingml/picture", b"drawingml/2006/picture"),
    )
)
"""Names of the strict form (ISO/IEC 29500-1) and of the transitional one (29500-4) that Word writes."""

_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)
_RELS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="{}"/>'
    "</Relationships>"
)

_WORDS = {
    "password": (
        "パスワードがかかっているため、開けません。",
        "パスワードを外して保存し直してから、もう一度置いてください。",
    ),
    "old-word": (
        "古い形式の Word 文書（.doc）です。",
        "Word で開き、「名前を付けて保存」で種類を「Word 文書（.docx）」にしてください。",
    ),
    "broken-word": (
        "Word の文書が壊れているか、コピーの途中で切れています。",
        "もとの文書が Word で開けるか確かめ、保存し直してから、もう一度置いてください。",
    ),
    "not-word": (
        "中身が Word の文書ではありません。",
        "もとのソフトで開き、「Word 文書（.docx）」として保存し直してください。",
    ),
    "bomb": (
        "中身を広げると大きくなりすぎる文書です。",
        "出どころを確かめ、文書をいくつかに分けるか、必要な文章だけを新しい文書に写して保存してください。",
    ),
    "dtd": (
        "文書の中に、Word では作られない、外のファイルを読み込むための部分があります。",
        "出どころを確かめ、必要な文章だけを新しい文書に写して保存してください。",
    ),
}


def _problem(path: str, code: str) -> Problem:
    what, todo = _WORDS[code]
    return Problem(code, what, path, SHOWN, todo)
