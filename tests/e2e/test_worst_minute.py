# SPDX-License-Identifier: MIT
"""A channel's worst minute: publishers die, flap, freeze, push each other out, come back as another
kind of stream, or with time stamps of another day. Viewers notice nothing.

With WEIR_WORST_MINUTE=whole it lasts twice as long: away for 20 s, flapping for 30 s, 1080p."""

import os
import sys
import time
import unittest
from urllib.parse import urljoin

import harness
import media
import playlist
from recording import Checks, Recording
from watcher import Watcher

KEY = "s3cret-key"
LONG = 5 * 3600  # seconds; as RTMP's milliseconds it needs the extended time stamp
SETTLE = 1.5  # seconds until the pictures of who has connected are surely on the programme


WHOLE = os.environ.get("WEIR_WORST_MINUTE") == "whole"
AWAY = 20 if WHOLE else 5
FLAPPING = 30 if WHOLE else 10
USUAL = "flash_1080.mp4" if WHOLE else "flash.mp4"
SMALLER = ("1080p to 720p", "flash_720.mp4") if WHOLE else ("640x360 to 320x180", "flash_small.mp4")


class Publisher(harness.Process):
    """ffmpeg publishes a clip at its own speed; `options` are ffmpeg's for the output."""

    count = 0

    def __init__(self, clip, url, folder, *options):
        Publisher.count += 1
        if "hevc" in clip:
            command = [sys.executable, harness.ROOT / "tests/e2e/flv_publisher.py", media.clip(clip), url]
        else:
            command = [
                "ffmpeg", "-nostdin", "-v", "warning", "-re", "-i", media.clip(clip), "-c", "copy", *options,
                "-f", "flv", url,
            ]  # fmt: skip
        super().__init__(command, folder / f"publisher{Publisher.count}.log")


def jump(at, by):
    """ffmpeg's options for time stamps that are `by` seconds later from second `at` on, within one
    connection. The decoding time decides, so that no picture is torn apart."""
    # In milliseconds, as FLV has them; setts' own TB is that of the file.
    later = f"gte(DTS\\,{at * 1000})*{by * 1000}"
    setts = f"setts=pts=PTS+{later}:dts=DTS+{later}"
    return "-bsf:v", setts, "-bsf:a", setts


class WorstMinute(Checks, unittest.TestCase):
    rate = (30, 90_000)

    @classmethod
    def setUpClass(cls):
        cls.folder = harness.scratch("worst-minute")
        for name in media.MAKERS:
            if name.startswith("flash"):
                media.clip(name)  # made now, not in the midst
        port = harness.free_port()
        cls.url = f"rtmp://127.0.0.1:{port}/live/{KEY}"
        cls.steady = []  # (name, UTC of the begin, UTC of the end)
        given = {
            "type": "rtmp_listen", "address": "127.0.0.1", "port": port, "stream_key": KEY,
            "on_conflict": "replace",
        }  # fmt: skip
        cls.weir = harness.WeirRun(
            harness.config(given, store=cls.folder / "rec", playlist_type="event", frame_rate=30), cls.folder
        )
        base = cls.weir.wait_listening()
        cls.programme = cls.weir.wait_event("programme_started", 15)["programme"]
        first = cls.publish(USUAL)
        cls.weir.wait_event("segment_published", 15, count=3)
        index = f"{base}/news/hls/index.m3u8"
        browser = harness.Browser(
            index, cls.folder, "live", seconds=cls.SECONDS, screenshot=cls.folder / "live.png"
        )
        variant = playlist.read_multivariant(harness.fetch(index).text())[0]
        cls.watcher = Watcher(urljoin(index, variant.uri))
        cls.watcher.start()
        cls.sequence(first)
        cls.live = browser.report(cls.SECONDS + 60)
        cls.watcher.stop()
        cls.exit_code = cls.weir.finish()
        harness.stop_all()
        cls.recording = Recording(cls.folder / "rec", "news", cls.programme)

    @classmethod
    def tearDownClass(cls):
        harness.stop_all()

    @classmethod
    def start(cls, clip, *options):
        return Publisher(clip, cls.url, cls.folder, *options)

    @classmethod
    def publish(cls, clip, *options):
        """The same, with its first media at weir."""
        before = len([e for e in list(cls.weir.events) if e["event"] == "input_connected"])
        publisher = cls.start(clip, *options)
        cls.weir.wait_event("input_connected", 15, count=before + 1)
        return publisher

    @classmethod
    def stay(cls, name, seconds, settle=SETTLE):
        """Nothing happens for so long: a phase whose lip sync is measured once it has settled."""
        begin = time.time() + settle
        time.sleep(seconds)
        cls.steady.append((name, begin, time.time() - 0.5))

    SECONDS = 143 if WHOLE else 108  # somewhat more than sequence() takes, so that the browser sees all of it

    @classmethod
    def sequence(cls, publisher):
        cls.stay("start", 5)

        publisher.kill()
        time.sleep(AWAY)
        publisher = cls.publish(USUAL)
        cls.stay("killed and back", 5)

        # Each one is pushed out or killed when it has just begun to send.
        publisher.kill()
        end = time.monotonic() + FLAPPING
        flapping = []
        while time.monotonic() < end:
            flapping.append(cls.start(USUAL))
            time.sleep(0.2)
            if len(flapping) == 3:
                flapping.pop(0).kill()
        for one in flapping:
            one.kill()
        time.sleep(0.5)  # or the last one of them could be taken for it
        publisher = cls.publish(USUAL)
        cls.stay("flapped", 5)

        publisher.signal(harness.signal.SIGSTOP)
        time.sleep(0.5)
        second = cls.publish(USUAL)
        cls.stay("republished beside the old socket", 5)
        publisher.signal(harness.signal.SIGCONT)
        cls.replaced = [publisher, second]
        publisher = cls.publish(USUAL)
        cls.stay("two publishers", 5)

        for name, clip in (
            SMALLER,
            ("30 to 25 fps", "flash_25.mp4"),
            ("stereo to mono", "flash_mono.mp4"),
            ("High to Baseline, 48 to 44.1 kHz", "flash_baseline.mp4"),
            ("H.264 to HEVC", "flash_hevc.flv"),
        ):
            publisher.kill()
            publisher = cls.publish(clip)
            cls.stay(name, 5)

        publisher.kill()
        publisher = cls.publish("flash_changing.flv")
        cls.stay("before the encoder changes", 5)
        cls.stay("another size in one connection", 5)
        cls.stay("another profile and sample rate in one connection", 4.5)

        publisher.kill()
        publisher = cls.publish("flash.mp4", "-output_ts_offset", LONG)
        cls.stay("five hours later", 5)

        publisher.kill()
        publisher = cls.publish("flash.mp4", *jump(5, LONG))
        cls.stay("before the jump", 5)
        cls.stay("five hours later in one connection", 6)

    def test_browser(self):
        """the browser plays all of it without a stall or an error"""
        self.assertEqual(self.live["problems"], [])
        self.assertTrue(self.live["sawLive"])

    def test_grows(self):
        """the playlist grows by one number at a time, all the time"""
        self.assertEqual(self.watcher.problems, [])
        self.assertEqual(len({number for _, number, _ in self.watcher.seen}), 1, "an event playlist loses nothing")
        last = [number for _, _, number in self.watcher.seen]
        self.assertEqual(last, sorted(last))
        self.assertLessEqual(max(b - a for a, b in zip(last, last[1:])), 2)
        steps = [(b - a, a) for (a, _, _), (b, _, _) in zip(self.watcher.seen, self.watcher.seen[1:])]
        self.assertLess(max(steps)[0], 4.0, "no new segment for too long")

    def test_idr_first(self):
        """each segment begins with a keyframe, which is shown first"""
        # Its NAL units are looked at in the other recordings: for so many segments it takes long.
        for variant in self.recording.variants:
            for segment, packets in self.recording.segments(variant):
                self.assertIn("K", packets.video[0]["flags"], segment.uri)
                self.assertEqual(packets.video[0]["pts"], packets.video_pts()[0], segment.uri)

    def test_count(self):
        """every slot has exactly its frames, and decoding times go up by one step all the time"""
        for variant in self.recording.variants:
            first, total = None, 0
            found = self.recording.segments(variant)
            for segment, packets in found:
                for packet in packets.video:
                    first = packet["dts"] if first is None else first
                    self.assertEqual(media.forward(first, packet["dts"]), 3000 * total, segment.uri)
                    total += 1
            for segment, packets in found[1:-1]:
                self.assertEqual(len(packets.video), 60, segment.uri)
            seconds = float(self.recording.playlists[variant.uri].duration())
            self.assertEqual(total, round(seconds * 30), variant.uri)
            self.assertGreater(seconds, self.SECONDS)

    def test_replaced(self):
        """who was pushed out is disconnected"""
        for publisher in self.replaced:
            self.assertNotEqual(publisher.child.returncode, None)
            self.assertNotIn(publisher.child.returncode, (0, -9), publisher.tail())

    def test_flapped(self):
        """most that flapped were really connected"""
        connected = [e for e in self.weir.events if e["event"] == "input_connected"]
        print(f"           {len(connected)} connections, {Publisher.count} publishers", flush=True)
        self.assertGreater(len(connected), 20)

    def test_log(self):
        """the log has no key and nothing critical"""
        said = self.weir.log.read_text(errors="replace") + "\n".join(self.weir.lines)
        self.assertNotIn(KEY, said)
        self.assertNotIn("CRITICAL", said)
        self.assertNotIn("ASSERT", said.upper())

    def test_lip_sync(self):
        """beeps and flashes stay together within 40 ms in each steady phase"""
        variant = self.recording.variants[0]
        segment, packets = self.recording.segments(variant)[0]
        zero = segment.start_ticks() / 90_000 - packets.video_pts()[0] / 90_000
        pairs = media.offsets(self.recording.joined(variant, self.folder / "joined.ts"))
        for name, begin, end in self.steady:
            found = [offset for when, offset in pairs if begin <= when + zero <= end]
            worst = max(map(abs, found), default=0)
            print(f"           lip sync, {name}: {len(found)} pairs, worst {worst * 1000:.1f} ms", flush=True)
            with self.subTest(name):
                self.assertGreaterEqual(len(found), int(end - begin), "flashes without a beep")
                self.assertLess(worst, 0.040)


class WorstMinuteFailover(unittest.TestCase):
    """One channel has a film to fall back to, one a slate."""

    @classmethod
    def setUpClass(cls):
        cls.folder = harness.scratch("worst-minute-failover")
        slate = cls.folder / "slate.png"
        media.ffmpeg("-f", "lavfi", "-i", "color=c=0x00c000:size=320x180", "-frames:v", "1", slate)
        port = harness.free_port()

        def listen(key):
            return {"type": "rtmp_listen", "address": "127.0.0.1", "port": port, "stream_key": key}

        film = {"type": "file", "path": str(media.clip("film.mp4")), "loop": True}
        given = harness.config(
            [listen("with-film"), film], store=cls.folder / "rec", playlist_type="event", ladder=SMALL,
            frame_rate=30, failover={"recover_after": 3.0},
            input_loss={"repeat_duration": 0.5, "black_duration": 0.5, "slate": str(slate)},
        )  # fmt: skip
        channel = given["channels"][0]
        given["channels"].append({**channel, "name": "slate", "inputs": [listen("with-slate")]})
        cls.weir = harness.WeirRun(given, cls.folder)
        cls.weir.wait_listening()
        urls = [f"rtmp://127.0.0.1:{port}/live/{key}" for key in ("with-film", "with-slate")]
        first = [Publisher("flash_small.mp4", url, cls.folder) for url in urls]
        for name in ("news", "slate"):
            cls.weir.wait_event("input_connected", 15, lambda e: (e["channel"], e["input"]) == (name, 0))
        time.sleep(5)
        cls.killed = time.time()
        for publisher in first:
            publisher.kill()
        cls.weir.wait_event("input_switched", 10, lambda e: (e["channel"], e["to"]) == ("news", 1), count=1)
        time.sleep(6)
        for url in urls:
            Publisher("flash_small.mp4", url, cls.folder)
        cls.back = cls.weir.wait_event(
            "input_connected", 15, lambda e: (e["channel"], e["input"]) == ("news", 0), count=2
        )
        time.sleep(7)
        cls.exit_code = cls.weir.finish()
        harness.stop_all()
        cls.recordings = {}
        for event in cls.weir.events:
            if event["event"] == "programme_started":
                name = event["channel"]
                cls.recordings[name] = Recording(cls.folder / "rec", name, event["programme"])

    @classmethod
    def tearDownClass(cls):
        harness.stop_all()

    def test_switched(self):
        """the film comes when the publisher is lost, and goes `recover_after` its return"""
        self.assertEqual(self.exit_code, 0)
        switched = [e for e in self.weir.events if e["event"] == "input_switched" and e["channel"] == "news"]
        print("          ", [(e["from"], e["to"], e["reason"]) for e in switched], flush=True)
        # Before the publisher came, the film may have been on.
        lost, recovered = switched[-2:]
        self.assertEqual((lost["from"], lost["to"]), (0, 1))
        self.assertEqual((recovered["from"], recovered["to"]), (1, 0))
        after = seconds_of(lost["at"]) - self.killed
        self.assertGreater(after, 0)
        self.assertLess(after, 1.5, "what was buffered, lost_after, the switch, and a busy machine")
        waited = seconds_of(recovered["at"]) - seconds_of(self.back["time"])
        self.assertGreaterEqual(waited, 2.8)
        self.assertLess(waited, 4.5)

    def test_slate(self):
        """without another input the slate is seen after a while, and goes when the publisher is back"""
        recording = self.recordings["slate"]
        variant = recording.variants[0]
        green = {}
        for segment in recording.playlists[variant.uri].segments:
            path = recording.path(variant, segment)
            pixels = media.ffmpeg(
                "-i", path, "-map", "0:v:0", "-frames:v", "1", "-vf", "scale=1:1:flags=area,format=rgb24",
                "-f", "rawvideo", "-",
            ).stdout  # fmt: skip
            red, level, blue = pixels[:3]
            green[segment.start_ticks() / 90_000 - self.killed] = level > 150 and red < 40 and blue < 40
        shown = [after for after, is_green in green.items() if is_green]
        self.assertTrue([after for after in shown if 1.5 < after < 7], green)
        self.assertFalse([after for after in shown if after < 1.0], green)
        self.assertFalse(list(green.values())[-1], "the slate is still there")

    def test_count(self):
        """both recordings have exactly their frames"""
        for name, recording in self.recordings.items():
            for variant in recording.variants:
                found = recording.segments(variant)
                self.assertGreater(len(found), 8)
                for segment, packets in found[1:-1]:
                    self.assertEqual(len(packets.video), 60, f"{name} {segment.uri}")
                    self.assertFalse(segment.gap or segment.discontinuity)


class WorstMinutePassthrough(unittest.TestCase):
    """Twenty channels on one port send their source on as it is; one of them is watched."""

    COUNT = 20
    SECONDS = 15

    @classmethod
    def setUpClass(cls):
        cls.folder = harness.scratch("worst-minute-passthrough")
        port = harness.free_port()
        keys = [f"key-{number:02}" for number in range(cls.COUNT)]
        passthrough = {"name": "source", "max_segment_duration": 4.0}
        given = harness.config({}, ladder={"video": [], "audio": [], "passthrough": passthrough})
        channel = given["channels"].pop()
        for key in keys:
            listen = {"type": "rtmp_listen", "address": "127.0.0.1", "port": port, "stream_key": key}
            given["channels"].append({**channel, "name": key, "inputs": [listen]})
        cls.weir = harness.WeirRun(given, cls.folder)
        base = cls.weir.wait_listening()
        cls.index = [f"{base}/{key}/hls/index.m3u8" for key in keys]
        outputs = []
        for key in keys:
            outputs += ["-map", "0", "-c", "copy", "-f", "flv", f"rtmp://127.0.0.1:{port}/live/{key}"]
        harness.Process(
            ["ffmpeg", "-nostdin", "-v", "warning", "-re", "-i", media.clip("flash.mp4"), *outputs],
            cls.folder / "publisher.log",
        )
        # hls.js begins three target durations behind the newest: not with the stream's very first
        # picture, before which it finds a hole where there are B-frames (docs/gotchas.md).
        cls.weir.wait_event("segment_published", 40, lambda e: e["channel"] == keys[0], count=6)
        cls.begin = cls.numbers()
        used = cpu_seconds(cls.weir.pid)
        began = time.monotonic()
        cls.live = harness.Browser(
            cls.index[0].replace("index", "source"), cls.folder, "live", seconds=cls.SECONDS
        ).report(cls.SECONDS + 60)
        cls.share = (cpu_seconds(cls.weir.pid) - used) / (time.monotonic() - began)
        cls.end = cls.numbers()
        cls.probed = media.run(
            ["ffprobe", "-v", "warning", "-live_start_index", "0", "-read_intervals", "%+2", "-count_packets",
             "-show_entries", "stream=codec_name,profile,nb_read_packets", "-of", "json", cls.index[0]]
        )  # fmt: skip
        cls.exit_code = cls.weir.finish()
        harness.stop_all()

    @classmethod
    def tearDownClass(cls):
        harness.stop_all()

    @classmethod
    def numbers(cls):
        """The numbers in each channel's playlist, which must be well-formed."""
        found = []
        for index in cls.index:
            variants = playlist.read_multivariant(harness.fetch(index).text())
            media_playlist = playlist.read_media(harness.fetch(urljoin(index, variants[0].uri)).text())
            found.append([segment.number for segment in media_playlist.segments])
        return found

    def test_browser(self):
        """the browser plays the source as it is, and never waits for it"""
        # hls.js says when the buffer runs dry. Twenty channels, their publisher and a browser on two
        # busy cores may well freeze the page itself for a moment.
        self.assertEqual(self.live["errors"], [])
        self.assertEqual(self.live["jumps"] + self.live["gaps"], [])
        self.assertGreater(self.live["progressedSeconds"], 0.8 * self.SECONDS)
        self.assertEqual(self.live["size"], [640, 360])

    def test_probe(self):
        """ffprobe reads it without a word, and finds the source's codecs"""
        self.assertEqual(self.probed.stderr.decode(), "")
        streams = media.json.loads(self.probed.stdout)["streams"]
        names = sorted((s["codec_name"], s["profile"]) for s in streams)
        self.assertEqual(names, [("aac", "LC"), ("h264", "High")])
        for stream in streams:
            self.assertGreater(int(stream["nb_read_packets"]), 50)

    def test_grows(self):
        """each of the twenty playlists grows"""
        print(f"           {self.COUNT} channels use {self.share * 100:.1f} % of a core", flush=True)
        for before, after in zip(self.begin, self.end):
            self.assertGreaterEqual(after[-1] - before[-1], self.SECONDS // 2 - 2)
        self.assertEqual(self.exit_code, 0)


def seconds_of(text):
    """An event's time, as time.time() has it."""
    return playlist.datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


SMALL = {
    "preset": "ultrafast",
    "video": [{"name": "180p", "width": 320, "height": 180, "bitrate_bps": 300_000}],
    "audio": [{"name": "aac"}],
}
