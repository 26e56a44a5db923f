# SPDX-License-Identifier: MIT
"""libsrt's own program sends to weir: it calls us with a passphrase, and we call it."""

import socket
import unittest

import harness
import media

PHRASE = "correct horse battery"


def free_udp_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Srt(unittest.TestCase):
    def setUp(self):
        self.folder = harness.scratch(f"srt-{self._testMethodName}")
        self.port = free_udp_port()

    def tearDown(self):
        harness.stop_all()

    def transmit(self, target):
        """ffmpeg's packets in real time, through srt-live-transmit."""
        port = free_udp_port()
        transmit = harness.Process(
            ["srt-live-transmit", "-a:no", f"udp://127.0.0.1:{port}", target], self.folder / "transmit.log"
        )
        harness.Process(
            ["ffmpeg", "-nostdin", "-v", "warning", "-re", "-stream_loop", "-1", "-i", media.clip("flash.mp4"),
             "-c", "copy", "-f", "mpegts", f"udp://127.0.0.1:{port}?pkt_size=1316"],
            self.folder / "ffmpeg.log",
        )  # fmt: skip
        return transmit

    def test_caller(self):
        """srt-live-transmit calls, leaves, and another one is taken; without the passphrase it is not"""
        listen = {"type": "srt_listen", "address": "127.0.0.1", "port": self.port, "passphrase": PHRASE}
        weir = harness.WeirRun(harness.config(listen), self.folder)
        weir.wait_listening()
        weir.wait_event("programme_started", 15)
        target = f"srt://127.0.0.1:{self.port}?mode=caller"
        self.transmit(target).wait(20)  # one that is taken does not end
        self.assertNotIn("input_connected", "\n".join(weir.lines))
        for count in (1, 2):
            transmit = self.transmit(f"{target}&passphrase={PHRASE}")
            weir.wait_event("input_connected", 20, count=count)
            transmit.kill()
            weir.wait_event("input_lost", 20, count=count)
        self.assertEqual(weir.finish(), 0)
        self.assertNotIn(PHRASE, "\n".join(weir.lines) + weir.log.read_text(errors="replace"))

    def test_listener(self):
        """we call an srt-live-transmit that listens"""
        call = {"type": "srt_call", "host": "127.0.0.1", "port": self.port}
        weir = harness.WeirRun(harness.config(call), self.folder)
        weir.wait_listening()
        transmit = self.transmit(f"srt://127.0.0.1:{self.port}?mode=listener")
        weir.wait_event("input_connected", 20)
        segments = len([event for event in weir.events if event["event"] == "segment_published"])
        weir.wait_event("segment_published", 20, count=segments + 2)
        transmit.kill()
        weir.wait_event("input_lost", 20, lambda event: event["field"] == "inputs[0].host")
        self.assertEqual(weir.finish(), 0)
