"""What nobody is meant to see in a Word document, taken out of its XML before anything reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from publisher.patterns import pattern
from publisher.readers.html_runs import MARKERS, RUBY
from publisher.readers.word_shapes import PICTURE, remove, unwrap
from publisher.readers.word_styles import W14, M, Styles, W, child, names, switched, value
from publisher.values import record

_MARKERS = pattern("[" + "".join((*MARKERS, PICTURE)) + "]")
_DELETED = (W + "del", W + "moveFrom")
_INSERTED = (W + "ins", W + "moveTo")
_HISTORY = names(
    "rPrChange pPrChange tblPrChange tblGridChange trPrChange tcPrChange sectPrChange tblPrExChange numberingChange "
    "cellIns cellMerge"
)
_COMMENTS = names("commentReference commentRangeStart commentRangeEnd annotationRef")
_NOISE = names("proofErr bookmarkStart bookmarkEnd lastRenderedPageBreak permStart permEnd")
_PLAIN_WRAPPERS = names("fldSimple dir bdo smartTag customXml")
_SHOWN = {
    W + tag: set(names(kept))
    for tag, kept in (
        ("rPr", "rStyle b strike vertAlign del"),
        ("pPr", "pStyle numPr rPr"),
        ("tcPr", "gridSpan vMerge"),
        ("trPr", "tblHeader"),
        ("tblPr", ""),
        ("tblGrid", ""),
        ("tblPrEx", ""),
        ("sectPr", ""),
    )
}
"""What is read of the properties of runs, paragraphs, cells, rows and tables once hidden things are gone."""
_RUNS = (W + "r", M + "r")
_WORDS = names("t sym tab br cr noBreakHyphen softHyphen drawing pict object ruby")
_LINK = pattern(r'HYPERLINK\s+(?:"([^"]*)"|([^\s"\\]\S*))(.*)', re.IGNORECASE | re.DOTALL)
_EQ_RUBY = pattern(r"\\s\s*\\up\s*[\d.]+\s*\(\s*(.*?)\s*\)\s*[,;]\s*(.*?)\s*\)\s*$", re.DOTALL)
_EQ_RING = pattern(r"\\o\s*\\ac\s*\(\s*[○◯□△◇〇]\s*[,;]\s*(.*?)\s*\)\s*$", re.DOTALL)


@record
class Removed:
    """How much of each kind was left out (``inserted``, ``blacked``: kept as final text, kept as ■)."""

    comments: int = 0
    deleted: int = 0
    inserted: int = 0
    hidden: int = 0
    blacked: int = 0


def take_out_hidden(root: Any, styles: Styles, removed: Removed) -> None:
    """Leave in a part what stands on paper when it is printed as final, without comments."""
    for text in root.iter(W + "t"):
        if text.text and _MARKERS.search(text.text):
            text.text = _MARKERS.sub("", text.text)
    _accept_changes(root, removed)
    for element in list(root.iter(*_COMMENTS, *_HISTORY, *_NOISE)):
        remove(element)
    _controls(root)
    _fields(root)
    for element in list(root.iter(*_PLAIN_WRAPPERS)):
        unwrap(element)
    _Eraser(styles, removed).erase(root)
    _rubies(root)
    _formulas(root)


# --- tracked changes --------------------------------------------------------------------------------------


def _accept_changes(root: Any, removed: Removed) -> None:
    for row in list(root.iter(W + "tr")):
        if child(row, "trPr", "del") is not None:
            removed.deleted += 1
            remove(row)
    for cell in list(root.iter(W + "tc")):
        if child(cell, "tcPr", "cellDel") is not None:
            removed.deleted += 1
            for paragraph in list(cell.iter(W + "r")):
                remove(paragraph)
    for element in list(root.iter(*_DELETED)):
        if element.getparent() is None or element.getparent().tag == W + "rPr":
            continue  # the mark of a paragraph: what follows it is joined to the next one
        removed.deleted += 1
        remove(element)
    for element in list(root.iter(W + "delText", W + "delInstrText")):
        removed.deleted += 1
        remove(element)
    for run in list(root.iter(*_RUNS)):  # formulas have the mark within their runs
        if child(run, "rPr", "del") is not None or child(run, "rPr", "moveFrom") is not None:
            removed.deleted += 1
            remove(run)
    for element in list(root.iter(*_INSERTED)):
        removed.inserted += 1
        if element.getparent() is not None and element.getparent().tag in (W + "rPr", W + "trPr"):
            remove(element)
        else:
            unwrap(element)


# --- fields -----------------------------------------------------------------------------------------------


def _fields(root: Any) -> None:
    """Codes go, results stay: what stands between the beginning of a field and its separator is code, results of
    fields within it too. Only links are left for mammoth; ruby of Word 97 stands in the code of an EQ field.
    """
    stack: list[dict[str, Any]] = []
    for element in list(root.iter(W + "fldChar", W + "instrText", *_WORDS)):
        if element.tag == W + "fldChar":
            kind = value(element, "fldCharType")
            if kind == "begin":
                stack.append({"code": "", "open": True, "parts": [element]})
                _check_box(element)
            elif stack and kind == "separate":
                stack[-1]["open"] = False
                stack[-1]["parts"].append(element)
            elif stack and kind == "end":
                field = stack.pop()
                field["parts"].append(element)
                _close(field)
        elif element.tag == W + "instrText":
            if stack:
                stack[-1]["code"] += element.text or ""
                stack[-1]["parts"].append(element)
        elif any(field["open"] for field in stack):
            remove(element)
    for field in stack:  # fields that never end
        for part in field["parts"]:
            remove(part)


def _close(field: dict[str, Any]) -> None:
    code = field["code"].strip()
    if link := _LINK.match(code):
        _keep_link(field, link[1] or link[2] or "", link[3])
        return
    last = field["parts"][-1]
    if re.match(r"EQ\b", code, re.IGNORECASE) and field["open"]:
        if match := _EQ_RUBY.search(code):
            _add_text(last, f"{RUBY[0]}{match[2]}{RUBY[1]}{match[1]}{RUBY[2]}")
        elif match := _EQ_RING.search(code):
            _add_text(last, f"（{match[1]}）")
    for part in field["parts"]:
        remove(part)


def _keep_link(field: dict[str, Any], address: str, switches: str) -> None:
    """Of the code of a link its address; what it says when pointed at and where it opens are not read
    (ECMA-376 part 1, 17.16.5.25). A link to a place within the document (``\\l``) is text.
    """
    codes = [part for part in field["parts"] if part.tag == W + "instrText"]
    if place := re.search(r'\\l\s+"?([^"\s]+)', switches):
        address = f"{address}#{place[1]}"
    for code in codes[1:]:
        remove(code)
    codes[0].text = f' HYPERLINK "{address}" '


def _check_box(begin: Any) -> None:
    """The box of a form as it is ticked."""
    box = child(begin, "ffData", "checkBox")
    if box is None:
        return
    state = child(box, "checked")
    if state is None:
        state = child(box, "default")
    _add_text(begin, "☑" if state is not None and switched(state) else "☐")


def _add_text(beside: Any, text: str) -> None:
    from lxml import etree

    made = etree.Element(W + "t")
    made.text = text
    beside.addprevious(made)


def _controls(root: Any) -> None:
    """Content controls: a prompt to type something is no content; a box keeps the sign that it shows."""
    for control in list(root.iter(W + "sdt")):
        properties = child(control, "sdtPr")
        if child(properties, "showingPlcHdr") is not None:
            remove(control)
        elif properties is not None and (box := properties.find(W14 + "checkbox")) is not None:
            properties.remove(box)


# --- hidden text ------------------------------------------------------------------------------------------


class _Eraser:
    """Removes runs that are hidden by themselves, by their styles, by their colour or by their size."""

    def __init__(self, styles: Styles, removed: Removed) -> None:
        self._styles = styles
        self._removed = removed

    def erase(self, root: Any) -> None:
        for row in list(root.iter(W + "tr")):
            hidden = child(row, "trPr", "hidden")
            if hidden is not None and switched(hidden):
                self._removed.hidden += len(_letters(row))
                remove(row)
        for run in list(root.iter(*_RUNS)):
            properties = child(run, "rPr")
            paragraph = next(run.iterancestors(W + "p"), None)
            style = value(child(paragraph, "pPr", "pStyle")) or self._styles.default("paragraph")
            if self._on("webHidden", properties, style, run):
                remove(run)
            elif (
                self._on("vanish", properties, style, run)
                or self._on("specVanish", properties, style, run)
                or self._is_invisible(run, properties, paragraph, style)
            ):
                self._removed.hidden += len(_letters(run))
                remove(run)
            else:
                self._blacken(run, properties, style)

    def _on(self, name: str, properties: Any, style: str, run: Any) -> bool:
        """What a run says itself counts; of styles, one that hides is enough: "off" in another one leaves these
        properties as they are (ECMA-376 part 1, 17.7.3).
        """
        own = child(properties, name)
        if own is not None:
            return switched(own)
        character = value(child(properties, "rStyle"))
        return any(
            element is not None and switched(element)
            for element in (
                self._styles.found(character, "rPr", name) if character else None,
                self._styles.found(style, "rPr", name),
                *self._of_tables(name, run),
                self._styles.base(name),
            )
        )

    def _inherited(self, name: str, properties: Any, style: str) -> Any:
        """From the character style, else from the paragraph's."""
        character = value(child(properties, "rStyle"))
        found = self._styles.found(character, "rPr", name) if character else None
        return found if found is not None else self._styles.found(style, "rPr", name)

    def _of_tables(self, name: str, run: Any) -> Iterator[Any]:
        """From the styles of the tables around a run, those of their first rows, bands and corners too."""
        for table in run.iterancestors(W + "tbl"):
            if style := value(child(table, "tblPr", "tblStyle")):
                yield self._styles.found(style, "rPr", name)
                yield from self._styles.conditional(style, name)

    def _property(self, name: str, properties: Any, style: str) -> Any:
        own = child(properties, name)
        return own if own is not None else self._inherited(name, properties, style)

    def _is_invisible(self, run: Any, properties: Any, paragraph: Any, style: str) -> bool:
        """White on paper, or one point high. White in coloured cells, boxes and shading is meant to be read."""
        size = value(self._property("sz", properties, style))
        if size.isdecimal() and int(size) <= 3:
            return True
        if properties is not None and properties.find(f"{W14}textFill/{W14}noFill") is not None:
            return properties.find(f"{W14}textOutline/{W14}solidFill") is None
        colour = value(self._property("color", properties, style))
        if not re.fullmatch(r"[Ff][A-Fa-f0-9](?:[Ff][A-Fa-f0-9]){2}", colour):
            return False
        if _filled(self._property("shd", properties, style)) or child(properties, "highlight") is not None:
            return False
        if _filled(child(paragraph, "pPr", "shd")) or _filled(self._styles.found(style, "pPr", "shd")):
            return False
        for ancestor in run.iterancestors(W + "tc", W + "tbl", W + "txbxContent"):
            if ancestor.tag == W + "txbxContent" or child(ancestor, "tblPr", "tblStyle") is not None:
                return False
            if _filled(child(ancestor, "tcPr", "shd")) or _filled(child(ancestor, "tblPr", "shd")):
                return False
        return True

    def _blacken(self, run: Any, properties: Any, style: str) -> None:
        """Black on black: somebody has blacked it out."""
        marker = value(child(properties, "highlight")).lower()
        fill = value(self._property("shd", properties, style), "fill")
        if marker != "black" and not re.fullmatch(r"(?:[0-2][A-Fa-f0-9]){3}", fill):
            return
        colour = value(self._property("color", properties, style))
        if colour.lower() in ("", "auto"):
            dark = marker == "black"  # Word itself turns automatic text white on dark shading
        else:
            dark = re.fullmatch(r"(?:[0-5][A-Fa-f0-9]){3}", colour) is not None
        if dark and _letters(run):
            self._removed.blacked += len(_letters(run))
            for text in run.iter(W + "t", M + "t"):
                text.text = "■" * len((text.text or "").strip())
            for ruby in list(run.iter(W + "rt")):
                remove(ruby)


def _filled(shading: Any) -> bool:
    return shading is not None and value(shading, "fill").lower() not in ("", "auto", "ffffff")


def _letters(element: Any) -> str:
    return "".join("".join(text.text or "" for text in element.iter(W + "t", M + "t")).split())


def slim(root: Any) -> None:
    """Keep of all properties what the published text shows; large documents get several times smaller."""
    from lxml import etree

    for run in root.iter(W + "rPr"):
        double = child(run, "dstrike")
        if double is not None and switched(double):
            etree.SubElement(run, W + "strike")
    for tag, kept in _SHOWN.items():
        for properties in list(root.iter(tag)):
            for element in list(properties):
                if element.tag not in kept:
                    properties.remove(element)
            if not len(properties) and properties.getparent() is not None:
                remove(properties)
    for element in root.iter(W + "p", W + "r", W + "tr"):
        element.attrib.clear()


def slim_styles(root: Any) -> None:
    """Keep of the styles their names and their lists, which is all that is read of them from here on."""
    for element in list(root):
        if element.tag != W + "style":
            root.remove(element)
            continue
        for part in list(element):
            if part.tag not in (W + "name", W + "pPr"):
                element.remove(part)
            elif part.tag == W + "pPr":
                for inner in list(part):
                    if inner.tag != W + "numPr":
                        part.remove(inner)


# --- what mammoth does not know ---------------------------------------------------------------------------


def _rubies(root: Any) -> None:
    for ruby in list(root.iter(W + "ruby")):
        base = "".join(text.text or "" for text in ruby.iterfind(f"{W}rubyBase//{W}t"))
        reading = "".join(text.text or "" for text in ruby.iterfind(f"{W}rt//{W}t"))
        if base.strip():
            _add_text(ruby, f"{RUBY[0]}{base}{RUBY[1]}{reading}{RUBY[2]}" if reading.strip() else base)
        remove(ruby)
    for element in list(root.iter(W + "cr", W + "br")):
        element.tag = W + "br"
        element.attrib.clear()  # the end of a page is the end of a line here
    for element in list(root.iter(W + "ptab")):
        element.tag = W + "tab"


def _formulas(root: Any) -> None:
    """A formula as its characters in a row."""
    from lxml import etree

    for formula in list(root.iter(M + "oMath")):
        text = "".join(part.text or "" for part in formula.iter(M + "t"))
        run = etree.Element(W + "r")
        etree.SubElement(run, W + "t").text = text
        formula.addprevious(run)
        remove(formula)
    for element in list(root.iter(M + "oMathPara")):
        unwrap(element)
