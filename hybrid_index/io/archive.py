"""Zip archives (.brml, .rasx) and XML documents: opened with care, told clearly when damaged."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from xml.etree import ElementTree

from hybrid_index.errors import InputError
from hybrid_index.io.source import Source

MAX_MEMBER_BYTES = 500_000_000
_ZIP_MAGIC = b"PK\x03\x04"


def is_zip(source: Source) -> bool:
    """Whether the bytes begin as a zip archive does."""
    return source.data.startswith(_ZIP_MAGIC)


def members(source: Source, pattern: str) -> dict[str, bytes]:
    """Return the contents of the members whose name matches *pattern*, by name, in natural order."""
    try:
        with zipfile.ZipFile(io.BytesIO(source.data)) as archive:
            infos = [info for info in archive.infolist() if re.search(pattern, info.filename)]
            if sum(info.file_size for info in infos) > MAX_MEMBER_BYTES:
                raise source.error("unpacks to more than a powder pattern can hold; it is damaged")
            infos.sort(key=lambda info: [int(s) if s.isdigit() else s for s in re.split(r"(\d+)", info.filename)])
            return {info.filename: archive.read(info) for info in infos}
    except InputError:
        raise
    # RuntimeError: encrypted, or packed in an unknown way
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
        raise source.error("is a damaged zip archive; copy or export it again") from error


def parse_xml(source: Source, data: bytes | str) -> ElementTree.Element:
    """Return the root of an XML document, namespaces stripped from all tags."""
    try:
        root = ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise source.error(f"holds damaged XML ({error}); copy or export it again") from error
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = element.tag.rpartition("}")[2]
    return root


def xml_number(root: ElementTree.Element, *tags: str) -> float | None:
    """Return the number in the first element with one of the tags: its text, or its ``Value`` attribute."""
    text = xml_text(root, *tags)
    try:
        return float(text) if text else None
    except ValueError:
        return None


def xml_text(root: ElementTree.Element, *tags: str) -> str:
    """Return the text (or ``Value`` attribute) of the first element with one of the tags, empty where there is none."""
    for tag in tags:
        for element in root.iter(tag):
            value = (element.text or "").strip() or element.get("Value", "").strip()
            if value:
                return value
    return ""
