# SPDX-License-Identifier: MIT
"""A file becomes a live channel and the channel a VOD."""

import subprocess
import unittest
from urllib.parse import urljoin

import harness
import media
import playlist
from recording import Checks, Recording


class FileToVod(Checks, unittest.TestCase):
    rate = (24, 90_000)

    @classmethod
    def setUpClass(cls):
        cls.folder = harness.scratch("file")
        source = {"type": "file", "path": str(media.clip("film.mp4")), "loop": True}
        cls.weir = harness.WeirRun(
            harness.config(source, store=cls.folder / "rec", playlist_type="event"), cls.folder
        )
        base = cls.weir.wait_listening()
        cls.weir.wait_event("segment_published", 30, count=6)
        cls.programme = cls.weir.wait_event("programme_started", 1)["programme"]
        cls.look_at_live(base)
        cls.exit_code = cls.weir.finish()
        cls.recording = Recording(cls.folder / "rec", "news", cls.programme)

    @classmethod
    def tearDownClass(cls):
        harness.stop_all()

    @classmethod
    def look_at_live(cls, base):
        """What a player sees while the channel runs; judged by the tests, when it has ended."""
        cls.live = {}
        cls.statuses = []
        index = f"{base}/news/hls/index.m3u8"
        cls.live_variants = playlist.read_multivariant(harness.fetch(index).text())
        for variant in cls.live_variants:
            url = urljoin(index, variant.uri)
            cls.live[variant.uri] = playlist.read_media(harness.fetch(url).text())
            for segment in cls.live[variant.uri].segments:
                where = urljoin(url, segment.uri)
                cls.statuses.append((where, harness.fetch(where, "HEAD").status))
        own = f"{base}/news/{cls.programme}/hls/index.m3u8"
        cls.own_variants = playlist.read_multivariant(harness.fetch(own).text())

    def test_live_playlists(self):
        """while it runs the playlists are EVENT, without end, and all they name can be fetched"""
        self.assertEqual(len(self.live), 2)
        for uri, found in self.live.items():
            self.assertEqual(found.type, "EVENT", uri)
            self.assertFalse(found.ended, uri)
            self.assertGreaterEqual(len(found.segments), 5)
        self.assertEqual([s for s in self.statuses if s[1] != 200], [])
        self.assertEqual([v.attributes["RESOLUTION"] for v in self.own_variants],
                         [v.attributes["RESOLUTION"] for v in self.live_variants])

    def test_live_is_kept(self):
        """what the event playlist said stays as it was in the VOD"""
        for uri, found in self.live.items():
            ended = self.recording.playlists[uri]
            told = [(s.number, s.duration, s.start_text, s.uri.rsplit("/", 1)[-1]) for s in found.segments]
            kept = [(s.number, s.duration, s.start_text, s.uri.rsplit("/", 1)[-1]) for s in ended.segments]
            self.assertEqual(kept[: len(told)], told)
            self.assertEqual(found.target_duration, ended.target_duration)

    def test_bandwidth_live(self):
        """the live BANDWIDTH is a bound that held"""
        for live, ended in zip(self.live_variants, self.recording.variants):
            self.assertEqual(live.uri, ended.uri)
            self.assertGreaterEqual(live.number("BANDWIDTH"), ended.number("BANDWIDTH"))

    def test_start(self):
        """the first segment may be short, all others are the grid's"""
        found = self.recording.playlists[self.recording.variants[0].uri]
        for segment in found.segments[1:-1]:
            self.assertLess(abs(float(segment.duration) - 2.0), 1 / 24, segment.uri)

    def test_static_server(self):
        """a plain web server serves the folder as a VOD that ffmpeg decodes without an error"""
        with harness.FolderServer(self.folder / "rec") as base:
            url = f"{base}/news/{self.programme}/hls/index.m3u8"
            expected = float(self.recording.playlists[self.recording.variants[0].uri].duration())
            # ffmpeg's reader takes what the URL ends with for the type, and the last rendition first.
            for variant in self.recording.variants:
                one = urljoin(url, variant.uri)
                duration = float(media.ffprobe(one, "format=duration")["format"]["duration"])
                self.assertLess(abs(duration - expected), 0.05)
            done = subprocess.run(
                ["ffmpeg", "-nostdin", "-v", "error", "-i", url, "-map", "0", "-f", "null", "-"],
                capture_output=True, timeout=120,
            )  # fmt: skip
            self.assertEqual(done.returncode, 0)
            self.assertEqual(done.stderr.decode(), "")

    def test_browser(self):
        """the browser plays the folder's VOD to its end, changing the quality on the way"""
        # play.mjs serves the folder: its static server has CORS, which Python's has not.
        browser = harness.Browser(
            f"news/{self.programme}/hls/index.m3u8", self.folder, serve=self.folder / "rec",
            until_ended=True, seconds=40, switch=4, min_levels=2,
            screenshot=self.folder / "vod.png",
        )  # fmt: skip
        report = browser.report(120)
        self.assertEqual(report["problems"], [])
        expected = float(self.recording.playlists[self.recording.variants[0].uri].duration())
        self.assertLess(abs(report["duration"] - expected), 0.15)
