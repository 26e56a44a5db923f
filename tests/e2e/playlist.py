# SPDX-License-Identifier: MIT
"""A reader of HLS playlists (RFC 8216bis), independent of the library's writer. Strict: a line it
does not know is an error, so nothing slips into a playlist unseen."""

import datetime
import decimal
import re
from dataclasses import dataclass, field

ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^",]*)(?:,|$)')


class Malformed(AssertionError):
    pass


@dataclass
class Segment:
    number: int
    uri: str
    duration: decimal.Decimal
    start: datetime.datetime = None
    start_text: str = ""
    discontinuity: bool = False
    gap: bool = False

    def start_ticks(self):
        """PROGRAM-DATE-TIME in 90 kHz ticks since 1970, rounded."""
        match = re.fullmatch(r"(.*?)(\.\d+)?(Z|\+00:00)", self.start_text)
        whole = datetime.datetime.fromisoformat(match.group(1) + "+00:00")
        seconds = decimal.Decimal(int(whole.timestamp())) + decimal.Decimal(match.group(2) or 0)
        return int((seconds * 90_000).to_integral_value())


@dataclass
class Media:
    version: int = 1
    target_duration: int = 0
    media_sequence: int = 0
    discontinuity_sequence: int = 0
    type: str = ""
    ended: bool = False
    segments: list = field(default_factory=list)
    parts: list = field(default_factory=list)  # the attributes of each EXT-X-PART
    hint: str = ""
    map: str = ""  # the last EXT-X-MAP
    part_target: decimal.Decimal = decimal.Decimal(0)

    def duration(self):
        return sum((s.duration for s in self.segments), decimal.Decimal(0))


@dataclass
class Variant:
    uri: str
    attributes: dict

    def number(self, name):
        return int(self.attributes[name])


def attributes(text):
    found, at = {}, 0
    while at < len(text):
        match = ATTRIBUTE.match(text, at)
        if not match:
            raise Malformed(f"attribute list {text!r}")
        if match.group(1) in found:
            raise Malformed(f"{match.group(1)} twice in {text!r}")
        found[match.group(1)] = match.group(2).strip('"')
        at = match.end()
    return found


def tags(text):
    """(name, value) for each tag and ("", uri) for each URI line."""
    lines = text.split("\n")
    if lines[0] != "#EXTM3U":
        raise Malformed(f"the first line is {lines[0]!r}")
    if not text.endswith("\n"):
        raise Malformed("no line break at the end")
    for line in lines[1:]:
        if line.startswith("#EXT"):
            name, _, value = line.partition(":")
            yield name[1:], value
        elif line and not line.startswith("#"):
            yield "", line


def read_media(text):
    playlist, pending = Media(), {}
    seen = set()
    for name, value in tags(text):
        if not name:
            if "duration" not in pending:
                raise Malformed(f"{value} has no EXTINF")
            number = playlist.media_sequence + len(playlist.segments)
            playlist.segments.append(Segment(number=number, uri=value, **pending))
            pending = {}
        elif name == "EXTINF":
            pending["duration"] = decimal.Decimal(value.split(",")[0])
        elif name == "EXT-X-PROGRAM-DATE-TIME":
            pending["start_text"] = value
            pending["start"] = datetime.datetime.fromisoformat(
                re.sub(r"(\.\d{6})\d*", r"\1", value.replace("Z", "+00:00"))
            )
        elif name == "EXT-X-DISCONTINUITY":
            pending["discontinuity"] = True
        elif name == "EXT-X-GAP":
            pending["gap"] = True
        elif name in SCALARS:
            if name in seen:
                raise Malformed(f"{name} twice")
            attribute, kind = SCALARS[name]
            setattr(playlist, attribute, kind(value))
        elif name in ATTRIBUTE_TAGS:
            found = attributes(value)
            if name == "EXT-X-PART":
                playlist.parts.append(found)
            if name == "EXT-X-PRELOAD-HINT":
                playlist.hint = found["URI"]
            if name == "EXT-X-MAP":
                playlist.map = found["URI"]
            if name == "EXT-X-PART-INF":
                playlist.part_target = decimal.Decimal(found["PART-TARGET"])
        elif name != "EXT-X-INDEPENDENT-SEGMENTS":
            raise Malformed(f"unknown tag {name}")
        seen.add(name)
    # What is being made has parts, and no URI yet.
    if pending and not (playlist.parts and "duration" not in pending):
        raise Malformed(f"tags behind the last URI: {pending}")
    if "EXT-X-TARGETDURATION" not in seen:
        raise Malformed("no EXT-X-TARGETDURATION")
    for segment in playlist.segments:
        # RFC 8216bis 4.4.3.1: rounded to the nearest integer it is not above the target.
        if segment.duration.to_integral_value(decimal.ROUND_HALF_UP) > playlist.target_duration:
            raise Malformed(f"{segment.uri} lasts {segment.duration}, the target is {playlist.target_duration}")
    return playlist


ATTRIBUTE_TAGS = {
    "EXT-X-MAP",
    "EXT-X-SERVER-CONTROL",
    "EXT-X-PART-INF",
    "EXT-X-PART",
    "EXT-X-PRELOAD-HINT",
    "EXT-X-RENDITION-REPORT",
}
SCALARS = {
    "EXT-X-VERSION": ("version", int),
    "EXT-X-TARGETDURATION": ("target_duration", int),
    "EXT-X-MEDIA-SEQUENCE": ("media_sequence", int),
    "EXT-X-DISCONTINUITY-SEQUENCE": ("discontinuity_sequence", int),
    "EXT-X-PLAYLIST-TYPE": ("type", str),
    "EXT-X-ENDLIST": ("ended", lambda _: True),
}


def read_multivariant(text):
    variants, pending = [], None
    for name, value in tags(text):
        if not name:
            if pending is None:
                raise Malformed(f"{value} has no EXT-X-STREAM-INF")
            variants.append(Variant(value, pending))
            pending = None
        elif name == "EXT-X-STREAM-INF":
            pending = attributes(value)
            if "BANDWIDTH" not in pending:
                raise Malformed(f"no BANDWIDTH in {value}")
        elif name == "EXT-X-MEDIA":
            attributes(value)
        elif name not in ("EXT-X-VERSION", "EXT-X-INDEPENDENT-SEGMENTS"):
            raise Malformed(f"unknown tag {name}")
    return variants
