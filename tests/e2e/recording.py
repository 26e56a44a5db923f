# SPDX-License-Identifier: MIT
"""A finished programme in a DirectoryStore: its playlists and segments as files."""

from pathlib import Path

import media
import playlist

FRAME_AUDIO = 1920  # ticks of 1024 samples at 48 kHz


class Recording:
    def __init__(self, store, channel, programme):
        self.folder = Path(store) / channel / programme
        self.index = self.folder / "hls" / "index.m3u8"
        self.variants = playlist.read_multivariant(self.index.read_text())
        self.playlists = {v.uri: self.read(v) for v in self.variants}
        self.probed = {}

    def read(self, variant):
        return playlist.read_media((self.index.parent / variant.uri).read_text())

    def path(self, variant, segment):
        return (self.index.parent / variant.uri).parent / segment.uri

    def segment(self, variant, segment):
        """The packets of one segment, read once."""
        path = self.path(variant, segment)
        if path not in self.probed:
            self.probed[path] = media.TsSegment(path)
        return self.probed[path]

    def segments(self, variant):
        return [(s, self.segment(variant, s)) for s in self.playlists[variant.uri].segments]

    def joined(self, variant, path):
        """All segments of a rendition in one file, for tools that read files."""
        with open(path, "wb") as out:
            for segment in self.playlists[variant.uri].segments:
                out.write(self.path(variant, segment).read_bytes())
        return path


class Checks:
    """What holds for every recording. Mixed into a TestCase that has self.recording, self.rate (a
    pair: frames per so many 90 kHz ticks) and self.weir."""

    def test_exit(self):
        """SIGINT finishes the programme and the exit code is 0"""
        self.assertEqual(self.exit_code, 0, self.weir.tail())
        self.assertEqual(len(self.weir.lines), len(self.weir.events), "a line of stdout is no JSON")
        finished = [e for e in self.weir.events if e["event"] == "programme_finished"]
        self.assertEqual(len(finished), 1)

    def test_ended_playlists(self):
        """every rendition is VOD with ENDLIST and has the same slots"""
        numbers = []
        for uri, found in self.recording.playlists.items():
            self.assertEqual(found.type, "VOD", uri)
            self.assertTrue(found.ended, uri)
            self.assertFalse([s.uri for s in found.segments if s.discontinuity or s.gap])
            numbers.append([(s.number, s.duration, s.start_text) for s in found.segments])
        self.assertTrue(numbers[0])
        for other in numbers[1:]:
            self.assertEqual(other, numbers[0])

    def test_idr_first(self):
        """each segment begins with parameter sets and an IDR picture"""
        for variant in self.recording.variants:
            for segment, packets in self.recording.segments(variant):
                types = packets.first_nal_types()
                self.assertIn(7, types, f"no SPS in {segment.uri}: {types}")
                self.assertIn(8, types, f"no PPS in {segment.uri}: {types}")
                self.assertEqual(types[-1], 5, f"no IDR first in {segment.uri}: {types}")
                self.assertIn("K", packets.video[0]["flags"])
                first = packets.video[0]["pts"]
                self.assertEqual(first, packets.video_pts()[0], f"a picture of {segment.uri} is before its IDR")

    def test_renditions_agree(self):
        """all renditions have equal time stamps and packet counts in each segment"""
        columns = [self.recording.segments(v) for v in self.recording.variants]
        for row in zip(*columns):
            stamps = [packets.video_pts() for _, packets in row]
            audio = [packets.audio_pts() for _, packets in row]
            for other in range(1, len(row)):
                self.assertEqual(stamps[other], stamps[0], row[0][0].uri)
                self.assertEqual(audio[other], audio[0], row[0][0].uri)

    def test_no_gap(self):
        """pictures follow each other at the frame rate, over the segments' borders too: to the tick, where
        a picture lasts a whole number of them"""
        frames, ticks = self.rate
        step = ticks / frames
        for variant in self.recording.variants:
            previous = None
            for segment, packets in self.recording.segments(variant):
                for stamp in packets.video_pts():
                    if previous is not None:
                        distance = media.forward(previous, stamp)
                        self.assertLess(abs(distance - step), 1.0, f"{segment.uri} at {stamp}")
                    previous = stamp

    def test_audio(self):
        """AAC frames follow each other without hole or overlap"""
        for variant in self.recording.variants:
            previous = None
            for segment, packets in self.recording.segments(variant):
                self.assertTrue(packets.audio, f"{segment.uri} has no sound")
                for stamp in packets.audio_pts():
                    if previous is not None:
                        distance = media.forward(previous, stamp)
                        self.assertEqual(distance, FRAME_AUDIO, f"{segment.uri} at {stamp}")
                    previous = stamp
                # Sound and picture of a segment are those of the same time.
                lead = media.forward(packets.video_pts()[0], packets.audio_pts()[0])
                self.assertLess(abs(lead), 2 * FRAME_AUDIO, segment.uri)

    def test_durations(self):
        """the sum of EXTINF is the media time within a frame, as is each EXTINF alone"""
        frames, ticks = self.rate
        step = ticks / frames / 90_000
        for variant in self.recording.variants:
            count = 0
            for segment, packets in self.recording.segments(variant):
                count += len(packets.video)
                self.assertLess(abs(float(segment.duration) - len(packets.video) * step), step, segment.uri)
            total = float(self.recording.playlists[variant.uri].duration())
            self.assertLess(abs(total - count * step), step)

    def test_clock(self):
        """time stamps are the program date and time plus 3600 s, modulo 2^33"""
        for variant in self.recording.variants:
            for segment, packets in self.recording.segments(variant):
                expected = (segment.start_ticks() + 3600 * 90_000) % media.WRAP
                # EXT-X-PROGRAM-DATE-TIME may be in milliseconds.
                distance = media.forward(expected, packets.video_pts()[0])
                self.assertLessEqual(abs(distance), 91, segment.uri)

    def test_numbers(self):
        """the media sequence is the slot of the clock"""
        for variant in self.recording.variants:
            for segment, packets in self.recording.segments(variant):
                self.assertEqual(segment.start_ticks() // (90_000 * 2), segment.number, segment.uri)

    def test_variants(self):
        """the multivariant playlist is truthful"""
        frames, ticks = self.rate
        for variant in self.recording.variants:
            peak = size = 0
            for segment in self.recording.playlists[variant.uri].segments:
                bits = 8 * self.recording.path(variant, segment).stat().st_size
                size += bits
                # A last or first piece of a slot says nothing about a rate (RFC 8216bis 4.1).
                if segment.duration >= self.recording.playlists[variant.uri].target_duration / 2:
                    peak = max(peak, bits / float(segment.duration))
            average = size / float(self.recording.playlists[variant.uri].duration())
            self.assertGreaterEqual(variant.number("BANDWIDTH"), peak * 0.999, variant.uri)
            self.assertLess(abs(variant.number("AVERAGE-BANDWIDTH") - average), 0.02 * average, variant.uri)
            found = self.recording.segments(variant)[0][1].streams
            video = next(s for s in found if s["codec_type"] == "video")
            self.assertEqual(variant.attributes["RESOLUTION"], f"{video['width']}x{video['height']}")
            self.assertRegex(variant.attributes["CODECS"], r"^avc1\.[0-9A-Fa-f]{6},mp4a\.40\.2$")
            self.assertAlmostEqual(float(variant.attributes["FRAME-RATE"]), frames / ticks * 90_000, delta=0.001)
