"""Reads pages: the elements they are made of, and the data that their scripts unpack."""

from __future__ import annotations

import base64
import json
import re
import zlib
from html.parser import HTMLParser


class Elements(HTMLParser):
    """Start tags with their attributes, and the text within scripts."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.scripts, self._inside = [], [], False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._inside = tag == "script"

    def handle_endtag(self, tag):
        self._inside = False

    def handle_data(self, data):
        if self._inside:
            self.scripts.append(data)


def unpacked(page):
    """The data of an interactive graph's page."""
    (packed,) = re.findall(r'<script type="text/plain" id="data">([A-Za-z0-9+/=]+)</script>', page)
    return json.loads(zlib.decompress(base64.b64decode(packed)))


def framed(html):
    """The interactive graph's page that a notebook's output holds packed."""
    (packed,) = re.findall(r'<script type="text/plain" class="page"[^>]*>([A-Za-z0-9+/=]+)</script>', html)
    return zlib.decompress(base64.b64decode(packed)).decode()


def pictured(html):
    """The SVG in an output's image."""
    (data,) = re.findall(r'<img [^>]*src="data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)">', html)
    return base64.b64decode(data).decode()
