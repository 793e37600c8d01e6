"""Pictures: upright, bounded, without a word of metadata, whatever camera or scanner they come from."""

from __future__ import annotations

import io
import struct
import zlib
from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from publisher.errors import Unreadable
from publisher.model import Jpeg, Picture, Scan, Severity
from publisher.readers.jpeg import MEDIUM_BYTES, SMALL_BYTES
from publisher.readers.picture import MOST_PIXELS, picture, picture_from_bytes, read_picture

CANARY = b"CANARY-4242"


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def decoded(jpeg: Jpeg) -> Image.Image:
    return Image.open(io.BytesIO(jpeg.data))


def sizes(found: Picture) -> tuple[Jpeg, Jpeg, Jpeg]:
    return found.large, found.medium, found.small


def markers(data: bytes) -> list[int]:
    """The markers of a JPEG up to its first scan (ITU-T T.81, annex B)."""
    found, at = [], 2
    while True:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        found.append(marker)
        if marker == 0xDA:
            return found
        at += 2 + length


def half_red(width: int, height: int) -> Image.Image:
    """Red above, white below."""
    image = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(image).rectangle((0, 0, width, height // 2 - 1), fill=(220, 0, 0))
    return image


def noise(width: int, height: int) -> Image.Image:
    bands = [Image.effect_noise((width, height), sigma) for sigma in (90, 80, 70)]
    return Image.merge("RGB", bands)


def test_is_baseline_and_carries_only_pixels(noon: datetime) -> None:
    exif = Image.Exif()
    exif[0x010E] = CANARY.decode()
    exif[0x8825] = {1: "N", 2: (35.0, 1.0, 2.0), 29: CANARY.decode()}
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + CANARY + b"</x:xmpmeta>"
    data = saved(half_red(300, 200), "JPEG", exif=exif, comment=CANARY, xmp=xmp, progressive=True)
    assert data.count(CANARY) == 4
    scan = read_picture("写真/橋.jpg", data, noon)
    for jpeg in sizes(scan.pages[0]):
        assert CANARY not in jpeg.data
        assert set(markers(jpeg.data)) <= {0xE0, 0xDB, 0xC0, 0xC4, 0xDA}
        assert not decoded(jpeg).getexif()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_stands_upright(orientation: int, noon: datetime) -> None:
    """The red half is on top after turning, whichever way the camera was held (Exif 2.32, tag 0x0112)."""
    turn = Image.Transpose
    undo = {
        1: None, 2: turn.FLIP_LEFT_RIGHT, 3: turn.ROTATE_180, 4: turn.FLIP_TOP_BOTTOM,
        5: turn.TRANSPOSE, 6: turn.ROTATE_90, 7: turn.TRANSVERSE, 8: turn.ROTATE_270,
    }[orientation]  # fmt: skip
    image = half_red(120, 60)
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(image if undo is None else image.transpose(undo), "JPEG", exif=exif, quality=95)
    large = decoded(read_picture("a.jpg", data, noon).pages[0].large)
    assert large.size == (120, 60)
    assert large.getpixel((60, 10))[1] < 60
    assert min(large.getpixel((60, 50))) > 200


def test_never_enlarges_and_keeps_within_the_budgets() -> None:
    found = picture(noise(1900, 1300))
    assert max(found.large.width, found.large.height) <= 1600
    assert found.medium.width <= 480 and len(found.medium.data) <= MEDIUM_BYTES
    assert found.small.width <= 228 and len(found.small.data) <= SMALL_BYTES
    tiny = picture(half_red(9, 7))
    assert {(jpeg.width, jpeg.height) for jpeg in sizes(tiny)} == {(9, 7)}
    for jpeg in (*sizes(found), *sizes(tiny)):
        assert decoded(jpeg).size == (jpeg.width, jpeg.height)


def test_an_ordinary_photo_is_at_most_400_kilobytes() -> None:
    image = noise(400, 300).resize((3200, 2400), Image.Resampling.BICUBIC)
    assert len(picture(image).large.data) <= 400_000


def test_is_the_same_bytes_every_time() -> None:
    data = saved(noise(400, 300), "PNG")
    assert picture_from_bytes(data, "a.png") == picture_from_bytes(data, "b.png")


@pytest.mark.parametrize("kind", ["RGB", "L"])
def test_grey_stays_grey_and_a_red_seal_stays_red(kind: str) -> None:
    grey = Image.linear_gradient("L").resize((300, 300)).convert(kind)
    assert decoded(picture(grey).large).mode == "L"
    sealed = grey.convert("RGB")
    ImageDraw.Draw(sealed).ellipse((100, 100, 120, 120), fill=(200, 30, 30))
    assert decoded(picture(sealed).large).mode == "RGB"


@pytest.mark.parametrize(
    ("mode", "colour"),
    [
        ("1", 1),
        ("L", 200),
        ("P", 7),
        ("LA", (0, 0)),
        ("RGBA", (0, 0, 0, 0)),
        ("PA", None),
        ("CMYK", (0, 0, 0, 0)),
        ("YCbCr", (200, 128, 128)),
        ("I", 52000),
        ("F", 0.7),
        ("I;16", 52000),
        ("LAB", (200, 128, 128)),
        ("HSV", (0, 0, 200)),
    ],
)
def test_every_mode_becomes_a_light_picture(mode: str, colour: object) -> None:
    """All of these are light on paper: white, light grey, or transparent on white."""
    if mode == "P":
        image = Image.new("P", (40, 30), 7)
        image.putpalette([0, 0, 0] * 7 + [210, 210, 210])
    elif mode == "PA":
        image = Image.new("RGBA", (40, 30), (0, 0, 0, 0)).convert("PA")
    else:
        image = Image.new(mode, (40, 30), colour)
        if mode == "F":
            image.putpixel((0, 0), 0.0)
            image.putpixel((1, 0), 1.0)
    pixel = decoded(picture(image).large).convert("L").getpixel((30, 20))
    assert 150 < pixel <= 255


def test_sixteen_bits_are_scaled_not_clipped(noon: datetime) -> None:
    image = Image.new("I;16", (64, 64), 0x4000)
    large = decoded(read_picture("a.png", saved(image, "PNG"), noon).pages[0].large)
    assert abs(large.getpixel((32, 32)) - 0x40) < 4


def test_transparent_colours_of_a_palette_are_white() -> None:
    image = Image.new("P", (40, 30), 0)
    image.putpalette([10, 10, 10, 200, 0, 0])
    data = saved(image, "GIF", transparency=0)
    assert min(decoded(picture_from_bytes(data, "a.gif").large).convert("RGB").getpixel((5, 5))) > 245


def test_a_profile_that_is_broken_is_not_asked() -> None:
    found = picture_from_bytes(saved(half_red(60, 60), "PNG", icc_profile=CANARY * 20), "a.png")
    assert CANARY not in found.large.data
    assert decoded(found.large).getpixel((30, 5))[0] > 180


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_a_moving_picture_the_first_frame_is_shown(kind: str, noon: datetime) -> None:
    frames = [Image.new("RGB", (50, 40), colour) for colour in ("white", "black", "red")]
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)
    scan = read_picture("動く地図." + kind.lower(), data, noon)
    assert len(scan.pages) == 1
    assert min(decoded(scan.pages[0].large).convert("RGB").getpixel((20, 20))) > 240
    assert [problem.code for problem in scan.warnings] == ["further-frames"]


def test_every_page_of_a_fax_is_shown(noon: datetime) -> None:
    pages = [Image.new("1", (850, 1100), colour) for colour in (1, 0, 1)]
    data = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:], compression="group4")
    scan = read_picture("県からのファクス.tif", data, noon)
    assert [decoded(page.large).getpixel((400, 500)) > 128 for page in scan.pages] == [True, False, True]
    assert scan.warnings == ()


def test_a_fax_of_more_than_a_hundred_pages_is_to_be_split(noon: datetime) -> None:
    pages = [Image.new("1", (8, 8), 1)] * 101
    data = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    with pytest.raises(Unreadable) as raised:
        read_picture("a.tif", data, noon)
    assert raised.value.problem.code == "too-many-pages"


def test_a_bomb_is_refused_before_it_is_decoded(noon: datetime) -> None:
    """A PNG header that promises more pixels than memory holds, and not one of them."""
    side = int(MOST_PIXELS**0.5) + 10
    chunk = struct.pack(">II5B", side, side, 8, 2, 0, 0, 0)
    header = struct.pack(">I", 13) + b"IHDR" + chunk + struct.pack(">I", zlib.crc32(b"IHDR" + chunk))
    body = zlib.compress(b"")
    data = struct.pack(">I", len(body)) + b"IDAT" + body + struct.pack(">I", zlib.crc32(b"IDAT" + body))
    with pytest.raises(Unreadable) as raised:
        read_picture("地図.png", b"\x89PNG\r\n\x1a\n" + header + data, noon)
    assert raised.value.problem.code == "too-many-pixels"
    assert raised.value.problem.where == "地図.png"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP"])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.95])
def test_what_is_cut_short_is_refused(kind: str, share: float, noon: datetime) -> None:
    data = saved(noise(200, 150), kind)
    with pytest.raises(Unreadable) as raised:
        read_picture("切れた写真.jpg", data[: int(len(data) * share)], noon)
    assert raised.value.problem.code == "broken-picture"
    assert raised.value.problem.todo


def test_a_scrolled_screen_is_cut_into_pages_that_can_be_read(noon: datetime) -> None:
    tall = Image.new("RGB", (400, 4000), "white")
    ImageDraw.Draw(tall).rectangle((0, 3990, 400, 4000), fill="black")
    scan = read_picture("スクショ 通知.png", saved(tall, "PNG"), noon)
    assert len(scan.pages) > 5
    assert all(page.large.width == 400 for page in scan.pages)
    last = decoded(scan.pages[-1].large)
    assert last.convert("L").getpixel((200, last.height - 3)) < 60


def test_the_name_of_the_file_is_the_title(noon: datetime) -> None:
    data = saved(half_red(20, 20), "PNG")
    head = read_picture("道路/【緊急】橋の通行止め_3月12日10時現在.png", data, noon).head
    assert head.title == "【緊急】橋の通行止め 3月12日10時現在"
    assert head.severity is Severity.URGENT
    assert head.date == noon.replace(hour=10)


@pytest.mark.parametrize("name", ["IMG_2041.JPG", "DSC00012.jpg", "20110312_101500.jpg", "Scan_003.png"])
def test_a_name_that_a_camera_gave_is_mentioned(name: str, noon: datetime) -> None:
    scan = read_picture(name, saved(half_red(20, 20), "PNG"), noon)
    assert [problem.code for problem in scan.warnings] == ["camera-name"]


# --- real files -------------------------------------------------------------------------------------------

REFUSED = {
    "heif_corrupted.heic",
    "heif_empty.heic",
    "heif_truncated.heic",
    "pillow_broken.png",
    "pillow_broken_data_stream.png",
    "pillow_decompression_bomb.gif",
}


def test_real_pictures_are_shown_or_refused_in_words(real: Path, noon: datetime) -> None:
    refused = set()
    for path in sorted((real / "7_images").iterdir()):
        if path.suffix == ".xml":
            continue
        try:
            scan = read_picture(path.name, path.read_bytes(), noon)
        except Unreadable as error:
            assert error.problem.where == path.name
            refused.add(path.name)
            continue
        assert isinstance(scan, Scan)
        for page in scan.pages:
            assert all(set(markers(jpeg.data)) <= {0xE0, 0xDB, 0xC0, 0xC4, 0xDA} for jpeg in sizes(page))
            assert len(page.medium.data) <= MEDIUM_BYTES and len(page.small.data) <= SMALL_BYTES
    assert refused == REFUSED


def test_real_orientations(real: Path, noon: datetime) -> None:
    wide = read_picture("a.jpg", (real / "7_images/orient_Landscape_6.jpg").read_bytes(), noon).pages[0].large
    tall = read_picture("a.jpg", (real / "7_images/orient_Portrait_3.jpg").read_bytes(), noon).pages[0].large
    assert wide.width > wide.height
    assert tall.width < tall.height
