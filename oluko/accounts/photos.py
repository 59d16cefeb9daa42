"""Photos of tutors: checked, cut square, drawn anew without whatever the camera wrote into them."""

from __future__ import annotations

import io
import uuid
from typing import Any

from django import forms
from django.core.files import File
from django.core.files.base import ContentFile
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps, UnidentifiedImageError

LARGEST_FILE = 2 * 1024 * 1024
LARGEST_SIDE = 512
# A small file may unfold into a huge picture; more than this is refused before it is unfolded.
_MOST_PIXELS = 40_000_000
_FORMATS = ("JPEG", "PNG", "WEBP")


class PhotoField(forms.FileField):
    """Takes a JPEG, PNG or WebP of up to 2 MB, gives a square WebP of at most 512 pixels."""

    widget = forms.FileInput({"accept": "image/jpeg,image/png,image/webp"})

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", _("JPEG, PNG or WebP, up to 2 MB."))
        super().__init__(**kwargs)

    def to_python(self, data: File[Any] | None) -> Any:
        file = super().to_python(data)
        return None if file is None else redraw(file)


def redraw(file: File[Any]) -> ContentFile[bytes]:
    """The photo as we keep it, under a name that nobody can guess. Raises forms.ValidationError."""
    if file.size > LARGEST_FILE:
        raise forms.ValidationError(_("The photo has more than 2 MB."), code="too_large")
    try:
        image = Image.open(file, formats=_FORMATS)
        if image.width * image.height > _MOST_PIXELS:
            raise forms.ValidationError(_("The photo has too many pixels."), code="too_large")
        upright = ImageOps.exif_transpose(image).convert("RGB")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError) as problem:
        raise forms.ValidationError(_("This is not a photo that we can read."), code="invalid_image") from problem
    side = min(LARGEST_SIDE, upright.width, upright.height)
    kept = io.BytesIO()
    ImageOps.fit(upright, (side, side)).save(kept, "WEBP", quality=82)
    return ContentFile(kept.getvalue(), name=f"{uuid.uuid4().hex}.webp")
