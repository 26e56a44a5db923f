# SPDX-License-Identifier: MIT
"""Wrong inputs and wrong configurations: what is said names the field and the cause, nothing
crashes, nothing blocks, and SIGINT still ends with 0."""

import json
import re
import signal
import socket
import time
import unittest

import harness
import media

CALM = 8  # seconds in which SIGINT must have its effect, whatever is going on


class WrongInputs(unittest.TestCase):
    quiet = True

    def setUp(self):
        self.folder = harness.scratch(f"inputs-{self._testMethodName}")

    def tearDown(self):
        harness.stop_all()

    def run_weir(self, config):
        self.weir = harness.WeirRun(config, self.folder)
        return self.weir

    def assert_told(self, field, cause, seconds=15):
        """One line, event or text, names both."""

        def told():
            lines = list(self.weir.lines) + self.weir.log.read_text(errors="replace").splitlines()
            # An event has field and cause in two members, an error in one sentence.
            return [line for line in lines if field in line and re.search(cause, line, re.IGNORECASE)]

        try:
            return harness.wait_until(told, seconds, f"{field} and {cause}")[0]
        except harness.Failed as error:
            self.fail(f"{error}\nstdout: {self.weir.lines[-8:]}\nstderr: {self.weir.tail()}")

    def assert_finishes(self):
        """SIGINT ends it with 0."""
        self.assertEqual(self.weir.finish(CALM), 0, self.weir.tail())

    def assert_gives_up(self):
        """It ends by itself, with 1: what start() refuses does not come right by waiting."""
        self.assertEqual(self.weir.wait(CALM), 1, self.weir.tail())

    def test_missing_file(self):
        """a missing file is named"""
        missing = self.folder / "nowhere.mp4"
        self.run_weir(harness.config({"type": "file", "path": str(missing)}))
        line = self.assert_told("inputs[0].path", "no such file")
        self.assertIn("nowhere.mp4", line)
        self.assert_gives_up()

    def test_text(self):
        """a text file with the name of a film is no media"""
        self.run_weir(harness.config({"type": "file", "path": str(media.clip("text.mp4"))}))
        self.assert_told("inputs[0].path", r"text file|type|format|not.*media|demux")
        self.assert_finishes()

    def test_folder(self):
        """a folder is no file"""
        self.run_weir(harness.config({"type": "file", "path": str(self.folder)}))
        self.assert_told("inputs[0].path", r"directory|folder")
        self.assert_gives_up()

    def test_audio_only(self):
        """sound without pictures is told, and goes out with black"""
        self.run_weir(harness.config({"type": "file", "path": str(media.clip("audio_only.mp4")), "loop": True}))
        self.assert_told("inputs[0]", "no video|no picture|without video")
        self.weir.wait_event("segment_published", 20, count=2)
        self.assert_finishes()

    def test_video_only(self):
        """pictures without sound are told, and go out with silence"""
        store = self.folder / "rec"
        source = {"type": "file", "path": str(media.clip("video_only.mp4")), "loop": True}
        self.run_weir(harness.config(source, store=store))
        self.assert_told("inputs[0]", "no audio|no sound|without audio")
        self.weir.wait_event("segment_published", 20, count=2)
        self.assert_finishes()
        segments = sorted(store.rglob("*.ts"))
        self.assertTrue(segments)
        self.assertTrue(media.TsSegment(segments[0]).audio)

    def test_unreachable(self):
        """an RTMP server that is not there is told, and found when it comes"""
        port = harness.free_port()
        url = f"rtmp://127.0.0.1:{port}/live/s3cret"
        self.run_weir(harness.config({"type": "rtmp_pull", "url": url}))
        self.weir.wait_listening()
        self.assert_told("inputs[0].url", r"refused|connect")
        said = "\n".join(self.weir.lines) + self.weir.log.read_text(errors="replace")
        self.assertNotIn("s3cret", said)
        server = harness.RtmpServer(self.folder, port, "s3cret")
        publisher = harness.Publisher(media.clip("flash.mp4"), server.url, self.folder)
        self.weir.wait_event("input_connected", 30)
        publisher.kill()
        server.stop()
        self.assert_finishes()

    def test_silent_server(self):
        """an RTMP server that accepts and says nothing blocks nothing"""
        with socket.create_server(("127.0.0.1", 0)) as server:
            url = f"rtmp://127.0.0.1:{server.getsockname()[1]}/live/stream"
            self.run_weir(harness.config({"type": "rtmp_pull", "url": url, "idle_timeout": 2.0}))
            base = self.weir.wait_listening()
            begin = time.monotonic()
            self.assertEqual(harness.fetch(f"{base}/nothing").status, 404)
            self.assertLess(time.monotonic() - begin, 2)
            self.assert_told("inputs[0].url", ".")
            self.assert_finishes()

    def test_port_in_use(self):
        """a port in use is named"""
        with socket.create_server(("127.0.0.1", 0)) as other:
            self.run_weir(harness.config({"type": "test_pattern"}, port=other.getsockname()[1]))
            self.assert_told("origin.port", "in use")
            self.assertIn(self.weir.wait(10), (1, 2), self.weir.tail())

    def test_unwritable(self):
        """a store below a regular file is named"""
        file = self.folder / "file"
        file.write_text("no folder\n")
        self.run_weir(harness.config({"type": "test_pattern"}, store=file / "rec"))
        self.assert_told("store.path", "not a directory")
        self.assert_gives_up()

    def test_bad_config(self):
        """every problem of a configuration is listed with its field, and the exit code is 2"""
        bad = harness.config({"type": "rtmp_pull", "url": "http://127.0.0.1/x"}, segment_duration=0.5)
        channel = bad["channels"][0]
        channel["name"] = "no name/"
        channel["ladder"] = {
            "video": [{"name": "a", "width": 853, "height": 480, "bitrate_bps": -5}],
            "audio": [{"name": "a", "sample_rate": 12345}],
        }
        bad["origin"]["threads"] = 0
        self.run_weir(bad)
        self.assertEqual(self.weir.wait(10), 2, self.weir.tail())
        self.weir.reader.join(5)
        said = "\n".join(self.weir.lines) + self.weir.log.read_text(errors="replace")
        for field in (
            "origin.threads",
            "channels[0].name",
            "channels[0].inputs[0].url",
            "channels[0].ladder.video[0].width",
            "channels[0].ladder.video[0].bitrate_bps",
            "channels[0].ladder.audio[0].sample_rate",
            "channels[0].outputs[0].segment_duration",
        ):
            self.assertIn(field, said)

    def test_unknown_fields(self):
        """unknown fields and wrong types are listed too"""
        bad = harness.config({"type": "test_pattern", "widht": 640})
        bad["channels"][0]["frame_rate"] = "fast"
        bad["origin"]["port"] = "eighty"
        self.run_weir(bad)
        self.assertEqual(self.weir.wait(10), 2, self.weir.tail())
        self.weir.reader.join(5)
        said = "\n".join(self.weir.lines) + self.weir.log.read_text(errors="replace")
        for field in ("channels[0].inputs[0].widht", "channels[0].frame_rate", "origin.port"):
            self.assertIn(field, said)

    def test_no_json(self):
        """a configuration that is no JSON is told with the place"""
        self.run_weir('{"channels": [}')
        self.assertEqual(self.weir.wait(10), 2, self.weir.tail())
        self.weir.reader.join(5)
        self.assertTrue(self.weir.lines or self.weir.tail())

    def test_signals(self):
        """SIGINT and SIGTERM end it at any time with 0"""
        for number, wait in ((signal.SIGINT, None), (signal.SIGTERM, "segment_published")):
            with self.subTest(signal=number):
                weir = harness.WeirRun(harness.config({"type": "test_pattern"}), self.folder, f"weir-{number}")
                weir.wait_listening()
                if wait:
                    weir.wait_event(wait, 15)
                weir.signal(number)
                self.assertEqual(weir.wait(CALM), 0, weir.tail())

    def test_two_channels(self):
        """one channel's bad input leaves the other alone"""
        config = harness.config({"type": "file", "path": str(media.clip("text.mp4"))}, ladder=SMALL)
        good = json.loads(json.dumps(config["channels"][0]))
        good["name"] = "good"
        good["inputs"] = [{"type": "test_pattern", "width": 320, "height": 180}]
        config["channels"].append(good)
        self.run_weir(config)
        self.assert_told("inputs[0].path", r"text file|type|format|not.*media|demux")
        self.weir.wait_event("segment_published", 20, lambda e: e["channel"] == "good", count=2)
        self.assert_finishes()


SMALL = {
    "preset": "ultrafast",
    "video": [{"name": "180p", "width": 320, "height": 180, "bitrate_bps": 300_000}],
    "audio": [{"name": "aac"}],
}
