"""The illustrator: a card of a character or a place, or the keyframe of a shot, drawn by rule."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from PIL import Image, ImageOps

from clash.errors import ProviderError
from clash.local.cards import character_card, location_card
from clash.local.cores import CORES, DRAWING
from clash.local.keyframes import draw_keyframe
from clash.local.takes import WITH_PEOPLE, photographed
from clash.providers.ports import Answer, ImageRequest

MOST_PIXELS = 100_000_000
"""No larger reference picture is decoded: it would take gigabytes."""
REFERENCE_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")


def illustrate(request: ImageRequest, files: Mapping[str, Path], take: int = 1) -> Answer:
    """The picture that `request` asks for, as JPEG of `width` x `height` pixels.

    `files` maps the sha256 of each reference to its file. A reference with the role `reference_image` is the story's
    own panel of the shot and becomes the keyframe. Another `take` differs in what the words leave open: poses, sides,
    clouds, the framing. Raises `ProviderError` with the code `reference_image` when it
    cannot be read, and `request` when the request lacks what its subject needs.
    """
    with CORES.taken(DRAWING):
        return _answer(_picture(request, files, take))


def _picture(request: ImageRequest, files: Mapping[str, Path], take: int) -> Image.Image:
    size = request.width, request.height
    if request.subject == "character" and request.character is not None:
        return character_card(request.character, *size, take=take)
    if request.subject == "location" and request.location is not None:
        return location_card(request.location, *size, take=take)
    if request.subject == "keyframe" and request.shot is not None and request.location is not None:
        for reference in request.references:
            if reference.role == "reference_image":
                panel = partial(_panel, files[reference.sha256])
                return photographed(panel, *size, take, WITH_PEOPLE)
        return draw_keyframe(request.shot, request.location, request.cast, *size, take=take)
    raise ProviderError(f"A picture of a {request.subject} was asked for without saying which.", code="request")


def _panel(path: Path, width: int, height: int) -> Image.Image:
    """The user's own picture, upright, filling the frame."""
    hint = "Save it as a PNG or JPEG of at most 100 megapixels, or clear the story's cell for it."
    try:
        with Image.open(path, formats=REFERENCE_FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                message = f"The reference image has {picture.width} x {picture.height} pixels: too many to read."
                raise ProviderError(message, code="reference_image", hint=hint)
            picture.draft("RGB", (width * 2, height * 2))
            upright = ImageOps.exif_transpose(picture)
            plain = _flattened(upright)
            return ImageOps.fit(plain, (width, height), Image.Resampling.LANCZOS, centering=(0.5, 0.42))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ProviderError(
            f"The reference image cannot be read: {error}", code="reference_image", hint=hint
        ) from error


def _flattened(picture: Image.Image) -> Image.Image:
    """RGB; what is seen through is set on white."""
    if picture.has_transparency_data:
        coloured = picture.convert("RGBA")
        ground = Image.new("RGBA", coloured.size, (255, 255, 255, 255))
        return Image.alpha_composite(ground, coloured).convert("RGB")
    return picture.convert("RGB")


def _answer(picture: Image.Image) -> Answer:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=93, subsampling=0)
    return Answer(file.getvalue(), "image/jpeg", facts={"width": picture.width, "height": picture.height})
