# SPDX-License-Identifier: MIT
"""One encode, every player: HLS-TS, CMAF with low latency and DASH of one channel at once."""

import re
import subprocess
import unittest
from datetime import datetime
from decimal import Decimal
from urllib.parse import urljoin

import harness
import playlist

WINDOW = 60.0


def channel_config(store=None, low_latency=True):
    source = {"type": "test_pattern", "width": 640, "height": 360, "frame_rate": 30}
    outputs = [
        {"type": "hls_ts", "segment_duration": 2.0, "window": WINDOW},
        {"type": "cmaf", "segment_duration": 2.0, "window": WINDOW, "low_latency": low_latency},
    ]
    return harness.config(source, store=store, outputs=outputs)


def playlist_text(url):
    answer = harness.fetch(url)
    if answer.status != 200:
        raise AssertionError(f"{url}: {answer.status} {answer.text()}")
    return answer.text()


class OneEncode(unittest.TestCase):
    """What is said about one slot is the same in every form."""

    @classmethod
    def setUpClass(cls):
        cls.folder = harness.scratch("cmaf")
        cls.weir = harness.WeirRun(channel_config(cls.folder / "rec"), cls.folder)
        cls.base = cls.weir.wait_listening()
        cls.weir.wait_event("segment_published", 40, count=5)
        cls.programme = cls.weir.wait_event("programme_started", 1)["programme"]

    @classmethod
    def tearDownClass(cls):
        harness.stop_all()

    def media(self, path):
        return playlist.read_media(playlist_text(f"{self.base}/news/{path}"))

    def test_same_slots(self):
        """numbers, dates and discontinuities of HLS-TS and CMAF are the same"""
        ts = {s.number: s for s in self.media("hls/360p.m3u8").segments}
        cmaf = {s.number: s for s in self.media("cmaf/360p.m3u8").segments}
        common = sorted(set(ts) & set(cmaf))
        self.assertGreaterEqual(len(common), 3)
        for number in common:
            self.assertEqual(ts[number].start_text, cmaf[number].start_text)
            self.assertEqual(ts[number].duration, cmaf[number].duration)

    def test_decodes(self):
        """init and segments joined are a file without a fault, with times of the grid"""
        url = f"{self.base}/news/cmaf/360p.m3u8"
        found = playlist.read_media(playlist_text(url))
        init = found.map
        segments = found.segments[-3:]
        path = self.folder / "joined.mp4"
        with open(path, "wb") as out:
            for uri in [init] + [s.uri for s in segments]:
                answer = harness.fetch(urljoin(url, uri))
                self.assertEqual(answer.status, 200, uri)
                out.write(answer.body)
        done = subprocess.run(
            ["ffprobe", "-v", "warning", "-show_entries", "packet=pts_time,flags", "-of", "csv=p=0", str(path)],
            capture_output=True, text=True, timeout=60)
        self.assertEqual(done.stderr, "")
        times = sorted(float(line.split(",")[0]) for line in done.stdout.split())
        self.assertEqual(len(times), round(sum(s.duration for s in segments) * 30))
        for before, after in zip(times, times[1:]):
            self.assertAlmostEqual(after - before, 1 / 30, delta=1e-4)
        start = datetime.fromisoformat(segments[0].start_text.replace("Z", "+00:00")).timestamp()
        self.assertAlmostEqual(times[0], start, delta=0.002)

    def test_blocking_reload(self):
        """a reload that waits for the next part comes with it, and the hinted part can be fetched"""
        url = f"{self.base}/news/cmaf/180p.m3u8"
        for _ in range(8):
            found = playlist.read_media(playlist_text(url))
            self.assertTrue(found.parts)
            hint = re.search(r"/(\d+)-\w+\.(\d+)\.m4s$", found.hint)
            answer = harness.fetch(f"{url}?_HLS_msn={hint.group(1)}&_HLS_part={hint.group(2)}")
            self.assertEqual(answer.status, 200)
            after = playlist.read_media(answer.text())
            self.assertIn(found.hint, [part["URI"] for part in after.parts])
            fetched = harness.fetch(urljoin(url, found.hint))
            self.assertEqual(fetched.status, 200)
            self.assertGreater(len(fetched.body), 100)
            for part in found.parts:
                self.assertLessEqual(Decimal(part["DURATION"]), found.part_target)

    def test_reload_too_far(self):
        """what lies too far ahead is refused"""
        url = f"{self.base}/news/cmaf/360p.m3u8"
        last = self.media("cmaf/360p.m3u8").segments[-1].number
        self.assertEqual(harness.fetch(f"{url}?_HLS_msn={last + 10}").status, 400)
        self.assertEqual(harness.fetch(f"{url}?_HLS_part=1").status, 400)

    def test_start_over(self):
        """a past minute is VOD, from a start alone it grows"""
        first = self.media(f"{self.programme}/cmaf/360p.m3u8").segments
        start = first[1].start_text
        end = first[3].start_text
        past = playlist_text(f"{self.base}/news/cmaf/360p.m3u8?start={start}&end={end}")
        self.assertIn("#EXT-X-ENDLIST", past)
        self.assertIn("#EXT-X-PLAYLIST-TYPE:VOD", past)
        numbers = [s.number for s in playlist.read_media(past).segments]
        self.assertEqual(numbers, [first[1].number, first[2].number])
        growing = playlist_text(f"{self.base}/news/cmaf/360p.m3u8?start={start}")
        self.assertIn("#EXT-X-PLAYLIST-TYPE:EVENT", growing)
        self.assertEqual(playlist.read_media(growing).segments[0].number, first[1].number)
        self.assertEqual(harness.fetch(f"{self.base}/news/cmaf/360p.m3u8?start=tomorrow").status, 400)


class Played(unittest.TestCase):
    """A channel and players that look at it."""

    low_latency = False
    window = 12  # segments that there must be first

    @classmethod
    def setUpClass(cls):
        cls.folder = harness.scratch(cls.__name__.lower())
        cls.weir = harness.WeirRun(
            channel_config(cls.folder / "rec", low_latency=cls.low_latency), cls.folder
        )
        cls.base = cls.weir.wait_listening()
        cls.weir.wait_event("segment_published", 60, count=cls.window)

    @classmethod
    def tearDownClass(cls):
        harness.stop_all()

    def play(self, name, path, **options):
        report = harness.Browser(
            f"{self.base}/news/{path}", self.folder, name, max_stall_ms=100, **options
        ).report(90)
        self.assertEqual(report["problems"], [], f"{name}: {report}")
        return report


class Players(Played):
    def test_hlsjs(self):
        """hls.js plays, rewinds, and changes the quality"""
        self.play("hlsjs", "cmaf/index.m3u8", player="hlsjs", seconds=14, at="4:back=10", switch=5)

    def test_shaka_dash(self):
        """shaka-player plays the MPD and rewinds"""
        self.play("shaka_dash", "dash/manifest.mpd", player="shaka", seconds=14, at="4:back=10")

    def test_shaka_hls(self):
        """shaka-player plays the playlists"""
        self.play("shaka_hls", "cmaf/index.m3u8", player="shaka", seconds=8)

    def test_dashjs(self):
        """dash.js plays the MPD and rewinds"""
        self.play("dashjs", "dash/manifest.mpd", player="dashjs", seconds=14, at="4:back=10")


class LowLatency(Played):
    low_latency = True
    window = 5

    def test_hlsjs(self):
        """hls.js is less than two seconds behind"""
        self.play("hlsjs", "cmaf/index.m3u8", player="hlsjs", low_latency=True, seconds=15, max_latency=2)

    def test_dashjs(self):
        """dash.js is less than three seconds behind"""
        self.play("dashjs", "dash/manifest.mpd", player="dashjs", low_latency=True, seconds=15, max_latency=3)


class Finished(unittest.TestCase):
    """The finished programme plays as VOD."""

    @classmethod
    def setUpClass(cls):
        cls.folder = harness.scratch("cmaf_vod")
        cls.weir = harness.WeirRun(channel_config(cls.folder / "rec", low_latency=False), cls.folder)
        cls.weir.wait_listening()
        cls.programme = cls.weir.wait_event("programme_started", 20)["programme"]
        cls.weir.wait_event("segment_published", 60, count=5)
        cls.code = cls.weir.finish()

    @classmethod
    def tearDownClass(cls):
        harness.stop_all()

    def test_plays(self):
        """from a plain folder, in every player"""
        self.assertEqual(self.code, 0)
        for player, path in (("hlsjs", "cmaf/index.m3u8"), ("shaka", "dash/manifest.mpd"),
                             ("dashjs", "dash/manifest.mpd")):
            with self.subTest(player=player):
                report = harness.Browser(
                    f"news/{self.programme}/{path}", self.folder, f"vod_{player}", player=player,
                    serve=self.folder / "rec", until_ended=True, seconds=40, max_stall_ms=100).report(90)
                self.assertEqual(report["problems"], [])


if __name__ == "__main__":
    unittest.main()
