# SPDX-License-Identifier: MIT
"""ffmpeg publishes to nginx, weir pulls; the publisher is killed for ten seconds and comes back."""

import os
import time
import unittest
from urllib.parse import urljoin

import harness
import media
import playlist
from recording import Checks, Recording
from watcher import Watcher

LIVE_SECONDS = int(os.environ.get("WEIR_E2E_LIVE_SECONDS", "60"))
AWAY_SECONDS = 10


class RtmpPull(Checks, unittest.TestCase):
    rate = (30, 90_000)

    @classmethod
    def setUpClass(cls):
        cls.folder = harness.scratch("rtmp")
        source = media.clip("flash.mp4")
        server = harness.RtmpServer(cls.folder)
        publisher = harness.Publisher(source, server.url, cls.folder, "publisher1")
        cls.weir = harness.WeirRun(
            harness.config(
                {"type": "rtmp_pull", "url": server.url, "idle_timeout": 3.0},
                store=cls.folder / "rec", playlist_type="event",
            ),
            cls.folder,
        )  # fmt: skip
        base = cls.weir.wait_listening()
        cls.programme = cls.weir.wait_event("programme_started", 15)["programme"]
        cls.weir.wait_event("input_connected", 15)
        cls.weir.wait_event("segment_published", 15, count=3)
        index = f"{base}/news/hls/index.m3u8"
        browser = harness.Browser(
            index, cls.folder, "live", seconds=LIVE_SECONDS, screenshot=cls.folder / "live.png"
        )
        variant = playlist.read_multivariant(harness.fetch(index).text())[0]
        cls.watcher = Watcher(urljoin(index, variant.uri))
        cls.watcher.start()
        time.sleep(LIVE_SECONDS * 0.3)
        cls.killed = time.monotonic()
        publisher.kill()
        time.sleep(AWAY_SECONDS)
        cls.back = time.monotonic()
        publisher = harness.Publisher(source, server.url, cls.folder, "publisher2")
        cls.live = browser.report(LIVE_SECONDS + 60)
        cls.watcher.stop()
        cls.exit_code = cls.weir.finish()
        publisher.kill()
        server.stop()
        cls.recording = Recording(cls.folder / "rec", "news", cls.programme)

    @classmethod
    def tearDownClass(cls):
        harness.stop_all()

    def test_browser_live(self):
        """the browser plays the live ladder without a stall or an error, also while nobody publishes"""
        self.assertEqual(self.live["problems"], [])
        self.assertTrue(self.live["sawLive"])
        self.assertGreaterEqual(self.live["progressedSeconds"], 0.97 * LIVE_SECONDS)

    def test_browser_vod(self):
        """afterwards the browser plays the VOD from start to end"""
        expected = float(self.recording.playlists[self.recording.variants[0].uri].duration())
        report = harness.Browser(
            f"news/{self.programme}/hls/index.m3u8", self.folder, "vod", serve=self.folder / "rec",
            until_ended=True, seconds=expected + 15,
        ).report(expected + 90)  # fmt: skip
        self.assertEqual(report["problems"], [])
        self.assertLess(abs(report["duration"] - expected), 0.15)

    def test_grows(self):
        """the playlist keeps growing while the publisher is away, by one number at a time"""
        self.assertEqual(self.watcher.problems, [])
        away = [when for when, _, _ in self.watcher.seen if self.killed <= when <= self.back]
        self.assertGreaterEqual(len(away), AWAY_SECONDS // 2 - 1)
        first = {number for _, number, _ in self.watcher.seen}
        self.assertEqual(len(first), 1, "an event playlist loses nothing")
        last = [number for _, _, number in self.watcher.seen]
        # The reader may miss a step on a busy machine, but never see one back.
        self.assertEqual(last, sorted(last))
        self.assertLessEqual(max(b - a for a, b in zip(last, last[1:])), 2)

    def test_events(self):
        """the loss and the return of the input are told"""
        lost = [e for e in self.weir.events if e["event"] == "input_lost"]
        self.assertTrue(lost)
        self.assertIn("inputs[0].url", lost[0]["field"])
        self.assertTrue(lost[0]["cause"])
        connected = [e for e in self.weir.events if e["event"] == "input_connected"]
        self.assertEqual(len(connected), 2)
        states = [e["state"] for e in self.weir.events if e["event"] == "state_changed"]
        self.assertIn("recovering", states)
        self.assertEqual(states[-1], "idle")

    def test_lip_sync(self):
        """beeps and flashes stay together within 40 ms, before and after the return"""
        joined = self.recording.joined(self.recording.variants[0], self.folder / "joined.ts")
        pairs = media.offsets(joined)
        gaps = [(b[0] - a[0], i + 1) for i, (a, b) in enumerate(zip(pairs, pairs[1:]))]
        longest, split = max(gaps)
        self.assertGreater(longest, AWAY_SECONDS * 0.6, "the publisher's absence is not in the recording")
        # The encoder of the source cuts the beginning of its first beep.
        before, after = pairs[1:split], pairs[split + 1 :]
        self.assertGreaterEqual(len(before), 10)
        self.assertGreaterEqual(len(after), LIVE_SECONDS * 0.3)
        for name, part in (("before", before), ("after", after)):
            worst = max(abs(offset) for _, offset in part)
            print(f"           lip sync {name}: {len(part)} pairs, worst {worst * 1000:.1f} ms", flush=True)
            self.assertLess(worst, 0.040, name)
