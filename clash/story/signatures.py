"""What a file that is no text is, told by the bytes that it begins with."""

from __future__ import annotations

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
    (b"8BPS", "a Photoshop picture"),
    (b"\x1a\x45\xdf\xa3", "a film (Matroska or WebM)"),
    (b"FLV\x01", "a film (Flash)"),
    (b"\x00\x00\x01\xba", "a film (MPEG)"),
    (b"\x00\x00\x01\xb3", "a film (MPEG)"),
    (b"ID3\x02", "a sound (MP3)"),
    (b"ID3\x03", "a sound (MP3)"),
    (b"ID3\x04", "a sound (MP3)"),
    (b"\xff\xfb", "a sound (MP3)"),
    (b"\xff\xf3", "a sound (MP3)"),
    (b"fLaC", "a sound (FLAC)"),
    (b"OggS", "a sound or a film (Ogg)"),
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"BZh91AY", "a bzip2 archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"SQLite format 3\x00", "a SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90\x00", "a program"),
    (b"{\\rtf", "a rich-text document (RTF)"),
)
_IN_RIFF = {
    b"WAVE": "a sound (WAV)",
    b"AVI ": "a film (AVI)",
    b"WEBP": "a WebP picture",
}
"""What a RIFF file holds, by the name at its ninth byte."""
_IN_FORM = {b"AIFF": "a sound (AIFF)", b"AIFC": "a sound (AIFF)"}
_BRANDS = {
    b"heic": "a HEIC picture",
    b"heix": "a HEIC picture",
    b"mif1": "a HEIF picture",
    b"avif": "an AVIF picture",
    b"qt  ": "a film (QuickTime)",
    b"M4A ": "a sound (M4A)",
}
"""What a file of the MP4 family is, by its brand; any other brand is a film."""
_MP4_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"})


def kind_of_file(content: bytes) -> str:
    """Return what a picture, film, sound, archive or program is called; "" for anything else, such as text.

    >>> kind_of_file(b"\\x00\\x00\\x00 ftypisom..."), kind_of_file(b"RIFF....WAVEfmt "), kind_of_file(b"shot,action")
    ('a film (MP4)', 'a sound (WAV)', '')
    """
    for signature, what in _SIGNATURES:
        if content.startswith(signature):
            return what
    if content.startswith(b"RIFF"):
        return _IN_RIFF.get(content[8:12], "")
    if content.startswith(b"FORM"):
        return _IN_FORM.get(content[8:12], "")
    # Its first four bytes are the length of the first box, which is less than 16 MB: text does not begin with a NUL.
    if content[:1] == b"\x00" and content[4:8] in _MP4_BOXES:
        return _BRANDS.get(content[8:12], "a film (MP4)") if content[4:8] == b"ftyp" else "a film (QuickTime)"
    return ""
