"""The sample's pictures: a map, a photographed whiteboard, a scanned notice, a fax, and a PDF with a text layer."""



from __future__ import annotations

import io
import math
import random
import subprocess
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont

GOTHIC = "/usr/share/fonts/opentype/noto/NotoSansCJK-{}.ttc"
INK, BLUE, RED = (40, 44, 52), (24, 84, 160), (190, 40, 40)


def font(size: int, weight: str = "Regular") -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(GOTHIC.format(weight), size, index=0)


# --- the map of water stations (PNG) ----------------------------------------------------------------------------

STATIONS = (
    (1, "市役所 本庁舎前", 610, 470, "8〜20時"), (2, "中央小学校", 470, 360, "8〜18時"), (3, "緑ヶ丘中学校", 850, 190, "8〜18時"),
    (4, "西山小学校", 190, 300, "8〜18時"), (5, "東原コミュニティセンター", 800, 345, "10〜16時"), (6, "高台配水池", 330, 170, "24時間"),
)


def water_map() -> bytes:
    image = Image.new("RGB", (1100, 800), (244, 242, 234))
    draw = ImageDraw.Draw(image)
    shore = [(0, 640), (150, 610), (300, 650), (450, 620), (640, 655), (820, 610), (1100, 640), (1100, 800), (0, 800)]
    draw.polygon(shore, fill=(196, 220, 238))
    draw.polygon([(0, 520), (430, 530), (640, 560), (640, 655), (450, 620), (300, 650), (150, 610), (0, 640)], fill=(240, 208, 200))
    draw.line([(740, 0), (710, 200), (745, 420), (720, 640)], fill=(196, 220, 238), width=26)
    for road in ([(0, 440), (400, 430), (700, 500), (1100, 480)], [(330, 100), (400, 430), (430, 600)], [(580, 120), (610, 480), (640, 610)],
                 [(180, 200), (190, 440)], [(880, 250), (890, 490)]):
        draw.line(road, fill="white", width=14, joint="curve")
    draw.line([(1100, 400), (620, 415), (300, 400)], fill=(120, 120, 120), width=4)
    draw.text((40, 26), "給水所の地図（10月17日 土曜日）", font=font(38, "Bold"), fill=INK)
    draw.text((42, 82), "無料。ふたのある入れ物を持ってきてください。", font=font(24), fill=INK)
    draw.text((470, 715), "汐 見 湾", font=font(36), fill=BLUE)
    draw.text((60, 560), "港町・浜町・河口町（避難指示。入らないでください）", font=font(24, "Bold"), fill=RED)
    draw.text((960, 420), "東原駅", font=font(20), fill=INK)
    draw.text((470, 420), "中央駅", font=font(20), fill=INK)
    for number, name, x, y, hours in STATIONS:
        draw.ellipse((x - 22, y - 22, x + 22, y + 22), fill=BLUE)
        draw.text((x, y), str(number), font=font(26, "Bold"), fill="white", anchor="mm")
        draw.text((x + 30, y - 30), name, font=font(22, "Bold"), fill=INK, stroke_width=3, stroke_fill=(244, 242, 234))
        draw.text((x + 30, y + 0), hours, font=font(22), fill=INK, stroke_width=3, stroke_fill=(244, 242, 234))
    draw.text((770, 765), "汐見市 水道課 0000-00-2145", font=font(22), fill=INK)
    out = io.BytesIO()
    image.quantize(48).save(out, "PNG", optimize=True)
    return out.getvalue()


# --- handwriting -------------------------------------------------------------------------------------------------


def write(image: Image.Image, x: int, y: int, text: str, size: int, colour: tuple[int, ...] | int, dice: random.Random) -> None:
    """Text whose characters sway a little, as a hand writes."""
    face = font(size)
    for character in text:
        tile = Image.new("L", (size * 2, size * 2))
        ImageDraw.Draw(tile).text((size // 2, size // 4), character, font=face, fill=255)
        tile = tile.rotate(dice.uniform(-5, 5), resample=Image.Resampling.BICUBIC)
        ink = Image.new(image.mode, tile.size, colour)
        image.paste(ink, (x - size // 2, y - size // 4 + dice.randint(-size // 14, size // 14)), tile)
        x += round(face.getlength(character) * dice.uniform(0.94, 1.02))


WHITEBOARD = (
    (70, 60, 76, INK, "西山小学校 避難所 お知らせ"), (90, 190, 54, BLUE, "10月17日（土）"),
    (110, 290, 52, INK, "朝ごはん　7時　（おにぎり・味噌汁）"), (110, 380, 52, INK, "物資配布　11時と16時　体育館の入口"),
    (110, 470, 52, INK, "自衛隊のお風呂　13時〜20時　校庭"), (110, 560, 52, INK, "保健師さん　10時〜12時　保健室"),
    (110, 650, 52, INK, "炊き出し　17時　豚汁（300食）"), (90, 760, 54, RED, "夜は冷えます。毛布は受付にあります"),
    (90, 860, 54, RED, "小さなゆれが続いています。棚から離れて寝る"),
)


def whiteboard() -> bytes:
    """A photo as a telephone takes it: on its side, with the orientation and a made-up place in its Exif."""
    dice = random.Random(17)
    image = Image.new("RGB", (1600, 1060), (238, 240, 241))
    for x, y, size, colour, text in WHITEBOARD:
        write(image, x, y, text, size, colour, dice)
    frame = Image.new("RGB", (1760, 1240), (128, 116, 98))
    frame.paste((196, 200, 204), (60, 60, 1700, 1160))
    frame.paste(image, (80, 80))
    light = Image.radial_gradient("L").resize(frame.size).point(lambda v: 255 - v // 4)
    frame = Image.composite(frame, Image.new("RGB", frame.size, (60, 60, 60)), light)
    frame = frame.rotate(1.3, resample=Image.Resampling.BICUBIC, fillcolor=(110, 100, 84)).crop((30, 30, 1730, 1210))
    frame = frame.filter(ImageFilter.GaussianBlur(0.6)).rotate(90, expand=True)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees to look at it
    exif[0x010F], exif[0x0132] = "Shiomi", "2026:10:16 17:40:00"
    exif.get_ifd(0x8825).update({1: "N", 2: (0.0, 0.0, 1.0), 3: "E", 4: (0.0, 0.0, 1.0)})
    out = io.BytesIO()
    frame.save(out, "JPEG", quality=72, exif=exif)
    return out.getvalue()


BATH = (
    (150, 130, 64, "自衛隊の入浴支援のお知らせ"), (700, 250, 32, "令和8年10月16日　汐見市"),
    (130, 350, 42, "温かいお風呂に入れます。だれでも無料です。"), (130, 450, 44, "ところ　西山小学校の校庭"), (130, 530, 44, "日にち　10月17日（土）から"),
    (130, 610, 44, "じかん　13時〜20時（受付は19時半まで）"), (130, 740, 42, "女の人　13時〜16時30分"), (130, 810, 42, "男の人　16時30分〜20時"),
    (130, 930, 40, "タオルと石けんはあります。着替えを"), (130, 990, 40, "持ってきてください。"), (130, 1090, 40, "手伝いが必要な人、体のことで心配な人は"),
    (130, 1150, 40, "受付の職員に言ってください。"), (130, 1250, 40, "市役所前からバスが出ます（1時間に1本）。"),
    (130, 1400, 38, "問い合わせ　生活班 0000-00-2180"),
)


def scanned_notice() -> bytes:
    """A handwritten sheet from the copier: a PDF of one picture, without text."""
    dice = random.Random(5)
    sheet = Image.new("L", (1240, 1754), 250)
    for x, y, size, text in BATH:
        write(sheet, x, y, text, size, 45, dice)
    draw = ImageDraw.Draw(sheet)
    draw.line([(120 + i, 225 + round(3 * math.sin(i / 40))) for i in range(0, 1000, 8)], fill=60, width=4)
    for _ in range(160):
        x, y = dice.randrange(1240), dice.randrange(1754)
        draw.point((x, y), fill=dice.randint(120, 200))
    sheet = sheet.rotate(0.7, resample=Image.Resampling.BICUBIC, fillcolor=235)
    out = io.BytesIO()
    sheet.save(out, "PDF", resolution=150, quality=45)
    return out.getvalue()


FAX = (
    (90, 90, 44, "都市ガスの供給停止について（第3報）"), (90, 170, 30, "汐見ガス株式会社　令和8年10月16日 15時"), (90, 290, 34, "安全のため、次の地区のガスを止めています。"),
    (90, 350, 34, "　港町、浜町、河口町、砂田、本町（2,480戸）"), (90, 450, 34, "1. ガスの臭いがしたら、火と換気扇にさわらず、"),
    (90, 500, 34, "　 窓を開けて外に出て、電話してください。"), (90, 570, 34, "2. メーターの復帰ボタンを押しても出ないときは、"), (90, 620, 34, "　 そのままお待ちください。"),
    (90, 690, 34, "3. 係員が一軒ずつ安全を確かめてから開けます。"), (90, 740, 34, "　 本町は10月18日から始める予定です。"), (90, 860, 34, "緊急の電話　0000-00-4900（24時間）"),
)


def fax() -> bytes:
    """A fax as the machine stores it: one bit, CCITT Group 4, in a TIFF."""
    sheet = Image.new("L", (1100, 1060), 255)
    draw = ImageDraw.Draw(sheet)
    for x, y, size, text in FAX:
        draw.text((x, y), text, font=font(size), fill=0)
    draw.text((90, 20), "2026-10-16 15:12  FROM: SHIOMI GAS   P.01/01", font=font(22), fill=0)
    out = io.BytesIO()
    sheet.convert("1", dither=Image.Dither.NONE).save(out, "TIFF", compression="group4", dpi=(204, 196))
    return out.getvalue()


# --- a PDF with a text layer ---------------------------------------------------------------------------------------

GARBAGE = """<!DOCTYPE html><html lang="ja"><meta charset="utf-8"><title>災害ごみの出し方</title><style>
@page { size: A4; margin: 15mm } body { font: 10.5pt/1.6 "Noto Sans CJK JP"; color: #222 } h1 { font-size: 22pt; margin: 0 }
h2 { font-size: 15pt; border-left: 6pt solid #2a6; padding-left: 6pt } table { border-collapse: collapse } td, th { border: 1pt solid #777;
padding: 3pt 8pt } </style>
<h1>災害ごみの出し方</h1><p>令和8年10月16日 10時00分　汐見市 環境課</p>
<p>地震と津波で出たごみは、ふだんのごみと別に集めます。お金はかかりません。急いで出さなくても大丈夫です。</p>
<h2>仮置き場</h2><table><tr><th>場所</th><th>開く日</th><th>時間</th></tr><tr><td>東原運動公園 駐車場</td><td>10月17日（土）から毎日</td><td>9時〜16時</td></tr>
<tr><td>緑ヶ丘グラウンド</td><td>10月18日（日）から毎日</td><td>9時〜16時</td></tr></table>
<p>雨の日も開きます。風の強い日は閉めます。身分証明書はいりません。車で来られない人は、環境課に電話してください。取りに行きます。</p>
<h2>八つに分けてください</h2><ol><li>畳・布団</li><li>木の家具・柱</li><li>冷蔵庫・洗濯機・テレビ・エアコン</li><li>そのほかの電気製品</li><li>金属</li>
<li>かわら・ブロック・食器</li><li>ガラス</li><li>燃えるもの（水にぬれた服など）</li></ol>
<h2>仮置き場に出せないもの</h2><ul><li>生ごみ（ふだんの集積所へ。月曜日と木曜日に集めます）</li><li>ガスボンベ、灯油、農薬、電池（環境課に電話してください）</li><li>土砂（道路のわきに寄せて、町内会に知らせてください）</li></ul>
<h2>片づけるとき</h2><ul><li>捨てる前に写真をとってください。罹災証明書の申請に使います。</li><li>手袋、マスク、底のかたい靴を使ってください。</li><li>一人でしないでください。1時間に1回は休んでください。</li></ul>
<p>道路や公園に勝手に置かないでください。消防車と救急車が通れなくなります。</p><p>問い合わせ　環境課 0000-00-2140（8時30分〜19時）</p></html>"""


def garbage() -> bytes:
    """Printed by a browser, as offices do today; its text layer has compatibility characters (⽔ for 水)."""
    with tempfile.TemporaryDirectory() as folder:
        page, out = Path(folder) / "page.html", Path(folder) / "page.pdf"
        page.write_text(GARBAGE, encoding="utf-8")
        subprocess.run(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile", "--no-pdf-header-footer",
             f"--print-to-pdf={out}", page.as_uri()], check=True, capture_output=True, timeout=90)
        return out.read_bytes()


def draw_all(content: Path) -> None:
    (content / "給水/給水所の地図（10月17日）.png").write_bytes(water_map())
    (content / "避難所/西山小学校の掲示板（10月16日）.jpg").write_bytes(whiteboard())
    (content / "生活/自衛隊の入浴支援.pdf").write_bytes(scanned_notice())
    (content / "電気・ガス/ガス会社からのファクス（10月16日）.tif").write_bytes(fax())
    (content / "ごみ/災害ごみの出し方.pdf").write_bytes(garbage())
