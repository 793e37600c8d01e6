"""Pictures: upright, bounded, three sizes, and not a byte of metadata."""

from __future__ import annotations

import io
import time

import pytest
from PIL import Image, ImageDraw, PngImagePlugin

from publisher.errors import Unreadable
from publisher.model import Jpeg, Picture, Severity
from publisher.readers import picture as room
from publisher.readers.picture import picture, picture_from_bytes, read_picture

CANARY = "KANARIENVOGEL"
_ALLOWED = {0xD8, 0xE0, 0xDB, 0xC0, 0xC4, 0xDA}
"""SOI, JFIF, DQT, SOF0 (baseline), DHT, SOS: ITU-T T.81, table B.1."""


def saved(image: Image.Image, kind: str, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def sizes(made: Picture) -> tuple[Jpeg, Jpeg, Jpeg]:
    return made.large, made.medium, made.small


def decoded(jpeg: Jpeg) -> Image.Image:
    image = Image.open(io.BytesIO(jpeg.data))
    assert image.size == (jpeg.width, jpeg.height)
    return image.convert("RGB")


def segments(data: bytes) -> list[tuple[int, bytes]]:
    found, at = [(0xD8, b"")], 2
    while True:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        found.append((marker, data[at + 4 : at + 2 + length]))
        if marker == 0xDA:
            return found
        at += 2 + length


def check_clean(made: Picture) -> None:
    for jpeg in sizes(made):
        for marker, payload in segments(jpeg.data):
            assert marker in _ALLOWED
            assert marker != 0xE0 or payload[:5] == b"JFIF\0"
            assert marker != 0xE0 or payload[-2:] == b"\0\0", "a thumbnail"
        assert CANARY.encode() not in jpeg.data
    large, medium, small = sizes(made)
    assert max(large.width, large.height) <= 1600
    assert medium.width <= 480 and len(medium.data) <= 12_000
    assert small.width <= 228 and len(small.data) <= 4_500


def two_colours(size=(300, 200)) -> Image.Image:
    """Red above, blue below."""
    image = Image.new("RGB", size, "red")
    ImageDraw.Draw(image).rectangle((0, size[1] // 2, *size), fill="blue")
    return image


def near(pixel: tuple[int, ...], colour: tuple[int, ...], by: int = 12) -> bool:
    return all(abs(one - other) <= by for one, other in zip(pixel, colour, strict=True))


def page_of(noon, data: bytes, name: str = "写真/給水所.jpg") -> Picture:
    (page,) = read_picture(name, data, noon).pages
    check_clean(page)
    return page


def test_metadata_of_every_kind_stays_behind(noon):
    image = two_colours()
    exif = Image.Exif()
    exif[0x010E] = CANARY
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8769)[0x9286] = CANARY
    info = PngImagePlugin.PngInfo()
    info.add_itxt("Comment", CANARY)
    for data in (
        saved(image, "JPEG", exif=exif, comment=CANARY.encode(), xmp=f"<x>{CANARY}</x>".encode()),
        saved(image, "PNG", pnginfo=info, exif=exif),
        saved(image, "WEBP", exif=exif, xmp=CANARY.encode()),
        saved(image, "TIFF", description=CANARY),
        saved(image, "GIF", comment=CANARY.encode()),
    ):
        assert CANARY.encode() in data
        page_of(noon, data)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_upright(noon, orientation, kind):
    turned = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Transpose methods that undo what is seen
    image = two_colours()
    if orientation in turned:
        image = image.transpose(Image.Transpose(turned[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    large = page_of(noon, saved(image, kind, exif=exif)).large
    assert (large.width, large.height) == (300, 200)
    upright = decoded(large)
    assert near(upright.getpixel((150, 20)), (254, 0, 0)) and near(upright.getpixel((150, 180)), (0, 0, 254))


@pytest.mark.parametrize(
    ("mode", "kind", "colour", "seen"),
    [
        ("CMYK", "JPEG", (0, 255, 255, 0), (254, 0, 0)),
        ("CMYK", "TIFF", (0, 255, 255, 0), (254, 0, 0)),
        ("I;16", "PNG", 32896, (128, 128, 128)),
        ("I;16", "TIFF", 32896, (128, 128, 128)),
        ("L", "PNG", 128, (128, 128, 128)),
        ("LA", "PNG", (0, 0), (255, 255, 255)),
        ("RGBA", "PNG", (255, 0, 0, 0), (255, 255, 255)),
        ("RGBA", "WEBP", (255, 0, 0, 128), (255, 127, 127)),
        ("1", "PNG", 1, (255, 255, 255)),
        ("1", "BMP", 0, (0, 0, 0)),
    ],
)
def test_every_mode(noon, mode, kind, colour, seen):
    data = saved(Image.new(mode, (40, 30), colour), kind)
    assert near(decoded(page_of(noon, data).large).getpixel((20, 15)), seen)


def test_palette_with_transparency_is_white_below(noon):
    image = Image.new("P", (30, 30), 1)
    image.putpalette([255, 0, 0, 0, 255, 0])
    page = page_of(noon, saved(image, "PNG", transparency=1))
    assert near(decoded(page.large).getpixel((15, 15)), (255, 255, 255))


def test_nothing_is_enlarged_and_the_same_pixels_give_the_same_bytes():
    one, other = (picture(two_colours((50, 20))) for _ in range(2))
    assert one == other
    assert [(jpeg.width, jpeg.height) for jpeg in sizes(one)] == [(50, 20)] * 3
    assert one.large.path == f"m/{one.large.sha256[:16]}.jpg"


@pytest.mark.parametrize("size", [(4000, 3000), (3000, 4000), (5000, 300), (900, 3500), (1, 2000), (2000, 1)])
def test_noise_is_the_worst_case_for_sizes(size):
    made = picture(Image.effect_noise(size, 120))
    check_clean(made)
    for jpeg in sizes(made):
        assert jpeg.width <= size[0] and jpeg.height <= size[1]
        decoded(jpeg)


def test_a_photo_of_twelve_megapixels_is_quick(noon):
    data = saved(Image.effect_noise((1000, 750), 60).resize((4000, 3000)).convert("RGB"), "JPEG", quality=90)
    start = time.perf_counter()
    read_picture("a.jpg", data, noon)
    assert time.perf_counter() - start < 5, "0.4 s where it was measured"


def test_a_fax_gives_all_its_pages(noon):
    pages = [Image.new("1", (1728, 2200), 1) for _ in range(3)]
    data = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:], compression="group4")
    scan = read_picture("FAX/避難所.tif", data, noon)
    assert len(scan.pages) == 3 and not scan.warnings
    with pytest.raises(Unreadable, match=r"避難所\.tif.*分けて"):
        small = Image.new("1", (8, 8))
        many = saved(small, "TIFF", save_all=True, append_images=[small] * room.MOST_PAGES)
        read_picture("FAX/避難所.tif", many, noon)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_moving_pictures_show_their_first_frame(noon, kind):
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue", "green")]
    scan = read_picture("a.gif", saved(frames[0], kind, save_all=True, append_images=frames[1:]), noon)
    assert [problem.code for problem in scan.warnings] == ["further-frames"]
    assert near(decoded(scan.pages[0].large).getpixel((20, 20)), (254, 0, 0))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "GIF", "WEBP", "BMP"])
def test_cut_short(noon, kind):
    whole = saved(Image.effect_noise((400, 300), 100).convert("RGB"), kind)
    for part in (len(whole) * 2 // 3, len(whole) // 10, 12):
        with pytest.raises(Unreadable) as caught:
            read_picture("写真/道路.bin", whole[:part], noon)
        assert caught.value.problem.where == "写真/道路.bin" and caught.value.problem.todo


def test_a_bomb_is_refused_before_it_is_decoded(noon):
    bomb = saved(Image.new("1", (20_000, 20_000)), "PNG")
    assert len(bomb) < 100_000
    start = time.perf_counter()
    with pytest.raises(Unreadable, match="大きすぎます"):
        read_picture("a.png", bomb, noon)
    assert time.perf_counter() - start < 1


def test_what_is_no_picture(noon):
    for data in (b"", b"%PDF-1.7", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"%!PS-Adobe-3.0 EPSF-3.0\n"):
        with pytest.raises(Unreadable):
            read_picture("a.jpg", data, noon)
        with pytest.raises(Unreadable):
            picture_from_bytes(data, "通知.docx の画像")


def test_the_name_says_what_it_is(noon):
    head = read_picture("写真/【緊急】断水 3月11日15時現在.jpg", saved(two_colours(), "JPEG"), noon).head
    assert head.title == "【緊急】断水 3月11日15時現在" and head.severity is Severity.URGENT
    assert head.date is not None and (head.date.day, head.date.hour) == (11, 15)
    scan = read_picture("IMG_0123.jpg", saved(two_colours(), "JPEG"), noon)
    assert [problem.code for problem in scan.warnings] == ["camera-name"]


def test_a_picture_within_a_document():
    check_clean(picture_from_bytes(saved(two_colours(), "PNG"), "通知.docx"))


def test_the_cropped_part_of_a_picture_in_a_document_is_gone():
    lower = decoded(picture_from_bytes(saved(two_colours(), "PNG"), "通知.docx", (0, 0.5, 0.25, 0)).large)
    assert lower.size == (225, 100)
    assert max(red for _, (red, _, _) in lower.getcolors(1 << 16)) < 60


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_grey_stays_grey_and_a_red_seal_stays_red(mode):
    grey = Image.linear_gradient("L").resize((300, 300)).convert(mode)
    assert Image.open(io.BytesIO(picture(grey).large.data)).mode == "L"
    sealed = grey.convert("RGB")
    ImageDraw.Draw(sealed).ellipse((100, 100, 120, 120), fill=(200, 30, 30))
    assert Image.open(io.BytesIO(picture(sealed).large.data)).mode == "RGB"


def test_a_broken_colour_profile_is_not_asked(noon):
    made = page_of(noon, saved(two_colours(), "PNG", icc_profile=CANARY.encode() * 20))
    assert decoded(made.large).getpixel((30, 5))[0] > 200


def test_a_scrolled_screen_is_cut_into_pages_that_can_be_read(noon):
    tall = Image.new("RGB", (400, 4000), "white")
    ImageDraw.Draw(tall).rectangle((0, 3990, 400, 4000), fill="black")
    scan = read_picture("画面の写し 通知.png", saved(tall, "PNG"), noon)
    assert len(scan.pages) > 5
    assert {page.large.width for page in scan.pages} == {400}
    last = decoded(scan.pages[-1].large)
    assert max(last.getpixel((200, last.height - 3))) < 60


def test_real_pictures(real, noon):
    broken = {"heif_corrupted.heic", "heif_empty.heic", "heif_truncated.heic", "pillow_broken.png",
              "pillow_broken_data_stream.png", "pillow_decompression_bomb.gif"}  # fmt: skip
    seen = set()
    for file in sorted((real / "7_images").iterdir()):
        if file.suffix == ".xml":
            continue
        try:
            scan = read_picture(file.name, file.read_bytes(), noon)
        except Unreadable:
            seen.add(file.name)
        else:
            for page in scan.pages:
                check_clean(page)
    assert seen == broken
