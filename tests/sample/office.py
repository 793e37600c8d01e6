"""The sample's office files: an Excel workbook, an OpenDocument sheet, a Word document."""



from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from pathlib import Path

AS_OF = datetime(2026, 10, 16, 17, 0)  # noqa: DTZ001 - office files know no time zones
ERA = '[$-411]ggge"年"m"月"d"日"'

ROADS = (
    ("国道（港バイパス）", "港町1丁目〜河口町", "全面通行止め", "津波の水とがれき", date(2026, 10, 15), "県道12号", "未定"),
    ("県道12号", "西山トンネル", "片側交互通行", "壁の点検", date(2026, 10, 15), "", "10月17日 夕方"),
    ("県道45号", "高台口〜高台3丁目", "全面通行止め", "がけくずれ", date(2026, 10, 15), "市道 高台2号線", "10月20日ごろ"),
    ("市道 浜1号線", "浜町1〜3丁目の全線", "全面通行止め", "避難指示", date(2026, 10, 15), "", "避難指示が解除されるまで"),
    ("市道 中央通り", "中央橋", "全面通行止め", "橋のつなぎ目に段差（12センチ）", date(2026, 10, 15), "新中央橋", "10月24日ごろ"),
    ("市道 砂田3号線", "砂田2丁目 交差点付近", "大型車の通行止め", "道路がへこんでいる", date(2026, 10, 16), "", "10月18日"),
    ("市道 本町5号線", "本町1丁目", "全面通行止め", "電柱がたおれている", date(2026, 10, 16), "中央通りの西側", "10月17日"),
)

CLINICS = (
    ("汐見医療センター", "救急・外科・内科・産科・透析", "緑ヶ丘4-1", "0000-00-4101", "診療しています", "24時間", "急がない人は、ほかの医院へ"),
    ("緑ヶ丘内科クリニック", "内科・小児科", "緑ヶ丘1-12", "0000-00-4111", "診療しています", "9時〜17時", ""),
    ("本町整形外科", "整形外科", "本町3-3", "0000-00-4112", "診療しています", "9時〜13時", "けがの手当てだけ"),
    ("中央こどもクリニック", "小児科", "中央2-7", "0000-00-4113", "診療しています", "9時〜16時", "予約はいりません"),
    ("西山歯科医院", "歯科", "西山1-4", "0000-00-4114", "痛みのある人だけ", "10時〜15時", "水が少ないため"),
    ("浜町医院", "内科", "浜町1-15", "0000-00-4115", "休み", "", "避難指示の地区にあります"),
    ("港町眼科", "眼科", "港町2-2", "0000-00-4116", "休み", "", "避難指示の地区にあります"),
    ("救護所（市民会館1階）", "内科・けがの手当て", "本町2-4", "0000-00-4130", "診療しています", "8時〜20時", "保険証がなくても受けられます"),
    ("救護所（汐見高等学校 保健室）", "内科・けがの手当て", "西山1-20", "0000-00-4131", "診療しています", "9時〜17時",
     "保険証がなくても受けられます"),
)


def _settled(data: bytes) -> bytes:
    """The same zip with one fixed time on every member, so that making it again gives the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        for member in source.infolist():
            info = zipfile.ZipInfo(member.filename, (2026, 10, 16, 17, 0, 0))
            info.compress_type = zipfile.ZIP_STORED if member.filename == "mimetype" else zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            target.writestr(info, source.read(member))
    return out.getvalue()


def roads() -> bytes:
    """A list as offices make it: a title over merged cells, the time in the corner, the header in the fourth row, notes below."""
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

    book = Workbook()
    book.properties.created = book.properties.modified = AS_OF
    book.properties.creator = "汐見市"
    sheet = book.active
    sheet.title = "通行止め"
    sheet["A1"] = "道路の通行止め"
    sheet["A1"].font = Font(size=16, bold=True)
    sheet.merge_cells("A1:H1")
    sheet["A2"] = "令和8年10月16日 17時00分現在　汐見市 建設課"
    sheet.merge_cells("A2:H2")
    line = Side(style="thin", color="999999")
    header = ("番号", "路線名", "区間", "規制", "理由", "規制の始まり", "う回路", "解除の見込み")
    for column, name in enumerate(header, start=1):
        cell = sheet.cell(4, column, name)
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="DDE8F0")
        cell.alignment, cell.border = Alignment(horizontal="center"), Border(line, line, line, line)
    for number, road in enumerate(ROADS, start=1):
        for column, value in enumerate((number, *road), start=1):
            cell = sheet.cell(4 + number, column, value or None)
            cell.border = Border(line, line, line, line)
            if isinstance(value, date):
                cell.number_format = ERA
    last = 4 + len(ROADS)
    sheet.cell(last + 2, 1, "※緊急の車と支援物資の車は、通行証があれば「避難指示」の区間も通れます。通行証は警察署で出します。")
    sheet.cell(last + 3, 1, "問い合わせ　建設課 0000-00-2150（24時間）")
    for letter, width in zip("ABCDEFGH", (6, 22, 24, 18, 30, 20, 20, 26), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A5"
    out = io.BytesIO()
    book.save(out)
    return _settled(out.getvalue())


def clinics() -> bytes:
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableRow
    from odf.text import P

    book = OpenDocumentSpreadsheet()
    table = Table(name="診療状況")
    rows = (
        ("医療機関の診療状況（令和8年10月16日 12時現在）",),
        ("名称", "診療科目", "所在地", "電話番号", "診療状況", "受付時間", "備考"),
        *CLINICS,
    )
    for values in rows:
        row = TableRow()
        for value in values:
            cell = TableCell(valuetype="string")
            cell.addElement(P(text=value))
            row.addElement(cell)
        table.addElement(row)
    book.spreadsheet.addElement(table)
    out = io.BytesIO()
    book.write(out)
    return _settled(out.getvalue())


def certificate() -> bytes:
    """How to ask for the certificate of damage: headings, bold, a numbered list, a table."""
    from docx import Document

    document = Document()
    document.core_properties.author = "汐見市 税務課"
    document.core_properties.created = document.core_properties.modified = AS_OF
    document.add_heading("罹災証明書の申請", level=0)
    document.add_paragraph("令和8年10月16日 14時00分　汐見市 税務課")
    text = document.add_paragraph("地震と津波で家がこわれた人に、")
    text.add_run("罹災証明書").bold = True
    text.add_run("（りさいしょうめいしょ）を出します。支援金、仮設住宅、税金や保険料が安くなる手続きに使います。手数料はかかりません。")
    text = document.add_paragraph()
    text.add_run("急がなくても大丈夫です。").bold = True
    text.add_run("締め切りは令和9年4月30日です。まず、安全なところで体を休めてください。")
    document.add_heading("片づける前に、写真をとってください", level=1)
    for step in ("家の外を、四つの方向から1枚ずつ", "水が来た高さ（壁に手や物差しを当てて）", "こわれたところを、遠くからと近くから",
                 "車や家具、電気製品も"):
        document.add_paragraph(step, style="List Number")
    document.add_paragraph("写真があれば、片づけても、修理しても申請できます。携帯電話でとったもので大丈夫です。")
    document.add_heading("申請の場所と時間", level=1)
    rows = (("場所", "日", "時間"), ("市民会館 1階 ホール", "10月19日（月）から毎日", "9時〜17時"),
            ("汐見高等学校 図書室", "10月19日（月）から毎日", "10時〜16時"), ("高台公民館", "10月21日（水）・24日（土）", "10時〜15時"))
    table = document.add_table(rows=0, cols=3, style="Table Grid")
    for values in rows:
        for cell, value in zip(table.add_row().cells, values, strict=True):
            cell.text = value
    document.add_heading("持ってくるもの", level=1)
    for thing in ("運転免許証や保険証など、名前のわかるもの（なくした人は、窓口で言ってください）", "こわれたところの写真（見せるだけでよい）"):
        document.add_paragraph(thing, style="List Bullet")
    document.add_paragraph("代わりの人が来てもかまいません。来られない人は、税務課 0000-00-2133（9時〜17時）に電話してください。職員が行きます。")
    document.add_heading("家の危険度の紙との違い", level=1)
    text = document.add_paragraph("家にはってある赤・黄・緑の紙は、「いま入っても安全か」を見たものです。")
    text.add_run("罹災証明書とは別のものです。").bold = True
    text.add_run("赤い紙でも「全壊」とは決まっていません。")
    document.add_heading("調査や修理をよそおう人に気をつけてください", level=1)
    document.add_paragraph("市の調査員は、名札をつけています。お金をいただくことは、決してありません。")
    out = io.BytesIO()
    document.save(out)
    return _settled(out.getvalue())


def write_office(content: Path) -> None:
    (content / "道路/道路の通行止め.xlsx").write_bytes(roads())
    (content / "医療/医療機関の診療状況.ods").write_bytes(clinics())
    (content / "罹災証明/罹災証明書の申請.docx").write_bytes(certificate())
