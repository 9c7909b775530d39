"""Build XML for editors: elements with children in the order their document types ask for."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from clash.exports.words import xml_text


def add(parent: Element, tag: str, text: object = None, **attributes: str) -> Element:
    """Add an element with a text and attributes, and return it."""
    element = SubElement(parent, tag, {name: xml_text(value) for name, value in attributes.items()})
    if text is not None:
        element.text = xml_text(str(text))
    return element


def document(root: Element, doctype: str) -> str:
    """Return the whole XML document."""
    indent(root, " ")
    body = tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE {doctype}>\n{body}\n'
