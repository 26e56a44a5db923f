# SPDX-License-Identifier: MIT
"""Publishers push to weir: ffmpeg and GStreamer by RTMP, ffmpeg by RTMPS, one comes back, one has a
wrong key."""

import os
import subprocess
import unittest
from unittest import mock
from urllib.parse import urljoin

import harness
import media
import playlist

KEY = "s3cret-key"
WRONG = "wr0ng-key"


class RtmpListen(unittest.TestCase):
    quiet = True

    def setUp(self):
        self.folder = harness.scratch(f"rtmp-listen-{self._testMethodName}")
        self.port = harness.free_port()
        self.source = media.clip("flash.mp4")

    def tearDown(self):
        harness.stop_all()

    def url(self, key=KEY, scheme="rtmp"):
        return f"{scheme}://127.0.0.1:{self.port}/live/{key}"

    def run_weir(self, **more):
        given = {"type": "rtmp_listen", "address": "127.0.0.1", "port": self.port, "stream_key": KEY, **more}
        with mock.patch.dict(os.environ, GST_DEBUG="weir-*:5", GST_DEBUG_NO_COLOR="1"):
            self.weir = harness.WeirRun(harness.config(given), self.folder)
        self.base = self.weir.wait_listening()
        self.weir.wait_event("programme_started", 15)

    def numbers(self):
        """The segments that the first rendition's playlist names now."""
        index = f"{self.base}/news/hls/index.m3u8"
        variants = playlist.read_multivariant(harness.fetch(index).text())
        text = harness.fetch(urljoin(index, variants[0].uri)).text()
        return [segment.number for segment in playlist.read_media(text).segments]

    def assert_grows(self):
        before = self.weir.wait_event("segment_published", 15) and self.numbers()
        last = before[-1] if before else 0
        harness.wait_until(lambda: self.numbers()[-1] >= last + 2, 20, "the playlist grows")

    def assert_silent(self):
        """No key is in anything that weir said."""
        said = self.weir.log.read_text(errors="replace") + "\n".join(self.weir.lines)
        for secret in (KEY, WRONG):
            self.assertNotIn(secret, said)
        return said

    def test_ffmpeg(self):
        """ffmpeg publishes, leaves, and comes back; a second one and a wrong key are refused"""
        self.run_weir()
        publisher = harness.Publisher(self.source, self.url(), self.folder, "first")
        self.weir.wait_event("input_connected", 15)
        self.assert_grows()

        second = harness.Publisher(self.source, self.url(), self.folder, "second")
        self.assertNotEqual(second.wait(15), 0)
        self.assertIn("somebody publishes this stream already", second.log.read_text())
        wrong = harness.Publisher(self.source, self.url(WRONG), self.folder, "wrong")
        self.assertNotEqual(wrong.wait(15), 0)
        self.assertIn("nobody listens for this stream", wrong.log.read_text())
        self.assertTrue(publisher.alive(), "a refused publisher does not disturb the live one")

        publisher.kill()
        lost = self.weir.wait_event("input_lost", 15)
        self.assertIn("inputs[0].port", lost["field"])
        self.assertEqual(lost["cause"], "the publisher left")
        publisher = harness.Publisher(self.source, self.url(), self.folder, "back")
        self.weir.wait_event("input_connected", 15, count=2)
        self.assert_grows()
        self.assertEqual(self.weir.finish(), 0)
        said = self.assert_silent()
        self.assertIn("nobody listens for this stream", said)

    def test_gstreamer(self):
        """GStreamer's rtmp2sink publishes"""
        self.run_weir()
        pipeline = (
            "videotestsrc is-live=true ! video/x-raw,width=320,height=180,framerate=30/1 ! "
            "x264enc speed-preset=ultrafast tune=zerolatency key-int-max=30 ! flvmux name=mux streamable=true ! "
            f"rtmp2sink location={self.url()} "
            "audiotestsrc is-live=true ! audio/x-raw,rate=48000,channels=2 ! avenc_aac ! mux."
        )
        harness.Process(["gst-launch-1.0", "-q", *pipeline.split()], self.folder / "gst.log")
        self.weir.wait_event("input_connected", 20)
        self.assert_grows()
        self.assertEqual(self.weir.finish(), 0)
        self.assert_silent()

    def test_rtmps(self):
        """ffmpeg publishes by RTMPS with a certificate of our own"""
        certificate, key = self.folder / "cert.pem", self.folder / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
             "-subj", "/CN=127.0.0.1", "-keyout", key, "-out", certificate],
            check=True, capture_output=True,
        )  # fmt: skip
        self.run_weir(certificate_file=str(certificate), private_key_file=str(key))
        harness.Publisher(self.source, self.url(scheme="rtmps"), self.folder)
        self.weir.wait_event("input_connected", 15)
        self.assert_grows()
        self.assertEqual(self.weir.finish(), 0)
        self.assert_silent()

    def test_port_in_use(self):
        """a port that somebody else has is told with its field"""
        with harness.socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            self.port = taken.getsockname()[1]
            given = {"type": "rtmp_listen", "address": "127.0.0.1", "port": self.port, "stream_key": KEY}
            self.weir = harness.WeirRun(harness.config(given), self.folder)

            def told():
                lines = list(self.weir.lines) + self.weir.log.read_text(errors="replace").splitlines()
                return [line for line in lines if "inputs[0].port" in line and "in use" in line]

            harness.wait_until(told, 15, "inputs[0].port ... in use")
        self.assert_silent()
