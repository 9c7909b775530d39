"""Text for formats that are strict about it: XML that takes not every character, EDL that takes one line."""

from __future__ import annotations

import re
from urllib.parse import quote

_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 cannot hold in any form."""
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def xml_text(text: str) -> str:
    """Return the text without what XML cannot hold, its lines ended by a line feed."""
    return _NOT_IN_XML.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str) -> str:
    """Return the text on one line, without control characters.

    >>> one_line("first\\r\\n  second\\x07")
    'first second'
    """
    return " ".join(_CONTROL.sub(" ", text).split())


def file_url(folder: str, path: str) -> str:
    """Return the URL of a file below a folder. `folder`: an absolute path, of Windows or any other system, or a URL.

    >>> file_url("/films/a b", "media/阿岚.mp4")
    'file:///films/a%20b/media/%E9%98%BF%E5%B2%9A.mp4'
    >>> file_url("D:\\\\films", "media/a.mp4"), file_url("\\\\\\\\server\\\\films", "a.mp4")
    ('file:///D:/films/media/a.mp4', 'file://server/films/a.mp4')
    """
    if re.match(r"[a-z][a-z0-9+.-]+://", folder):
        return f"{folder.rstrip('/')}/{quote(path)}"
    root = folder.replace("\\", "/") if re.match(r"[A-Za-z]:|\\\\", folder) else folder
    root = root.rstrip("/")
    if root.startswith("//"):
        return f"file:{quote(root)}/{quote(path)}"
    drive, colon, rest = root.partition(":") if re.match(r"[A-Za-z]:", root) else ("", "", root)
    return f"file://{'/' + drive + colon if drive else ''}{quote(rest)}/{quote(path)}"
