# SPDX-License-Identifier: MIT
"""What the origin says to players and caches, and what it refuses."""

import gzip
import socket
import time
import unittest
from urllib.parse import urljoin

import harness
import playlist

LONG = 86_400  # what never changes is kept for a day at least


class Origin(unittest.TestCase):
    quiet = True

    @classmethod
    def setUpClass(cls):
        cls.folder = harness.scratch("http")
        root = cls.folder / "root"
        root.mkdir()
        (root / "index.html").write_text("<!doctype html><title>here</title>\n")
        (cls.folder / "secret.txt").write_text("not below the document root\n")
        cls.weir = harness.WeirRun(
            harness.config(
                {"type": "test_pattern", "width": 640, "height": 360},
                origin={"document_root": str(root), "header_timeout": 1.0},
                playlist_type="live", window=6.0,
            ),
            cls.folder,
        )  # fmt: skip
        cls.base = cls.weir.wait_listening()
        cls.weir.wait_event("segment_published", 30, count=5)
        cls.programme = cls.weir.wait_event("programme_started", 1)["programme"]
        cls.index = f"{cls.base}/news/hls/index.m3u8"
        cls.media = urljoin(cls.index, playlist.read_multivariant(harness.fetch(cls.index).text())[0].uri)

    @classmethod
    def tearDownClass(cls):
        harness.stop_all()

    def segment(self):
        """The newest one: it stays for a while."""
        found = playlist.read_media(harness.fetch(self.media).text())
        return urljoin(self.media, found.segments[-1].uri)

    def test_window(self):
        """a live playlist shows its window and slides"""
        before = playlist.read_media(harness.fetch(self.media).text())
        self.assertEqual(before.type, "")
        self.assertFalse(before.ended)
        self.assertGreaterEqual(before.duration(), 6)
        self.assertLessEqual(before.duration(), 8)
        later = harness.wait_until(
            lambda: (p := playlist.read_media(harness.fetch(self.media).text())).media_sequence
            > before.media_sequence and p,
            10, "the playlist slides",
        )  # fmt: skip
        kept = {s.number: (s.uri, s.duration, s.start_text) for s in before.segments}
        for segment in later.segments:
            if segment.number in kept:
                self.assertEqual((segment.uri, segment.duration, segment.start_text), kept[segment.number])

    def test_types(self):
        """each kind has its media type"""
        for url, expected in (
            (self.index, "application/vnd.apple.mpegurl"),
            (self.media, "application/vnd.apple.mpegurl"),
            (self.segment(), "video/mp2t"),
            (f"{self.base}/", "text/html"),
        ):
            answer = harness.fetch(url)
            self.assertEqual(answer.status, 200, url)
            self.assertEqual(answer.field("content-type").split(";")[0].lower(), expected, url)

    def test_cache_control(self):
        """playlists are kept half a segment, segments for ever, errors a second"""
        for url in (self.index, self.media, f"{self.base}/news/{self.programme}/hls/index.m3u8"):
            answer = harness.fetch(url)
            self.assertEqual(answer.cache_control().get("max-age"), 1, f"{url}: {answer.fields}")
            self.assertTrue(answer.field("etag"), url)
        answer = harness.fetch(self.segment())
        self.assertIn("immutable", answer.cache_control())
        self.assertGreaterEqual(answer.cache_control()["max-age"], LONG)
        for url in (f"{self.base}/news/nothing", f"{self.base}/nothing/hls/index.m3u8",
                    f"{self.base}/news/{self.programme}/360p/1-none.ts"):  # fmt: skip
            answer = harness.fetch(url)
            self.assertEqual(answer.status, 404, url)
            self.assertEqual(answer.cache_control().get("max-age"), 1, url)

    def test_conditional(self):
        """what is not modified is not sent"""
        for url in (self.index, self.segment()):
            first = harness.fetch(url)
            tag = first.field("etag")
            self.assertRegex(tag, r'^(W/)?"[^"]+"$')
            for value in (tag, f'"other", {tag}', "*"):
                answer = harness.fetch(url, If_None_Match=value)
                self.assertEqual(answer.status, 304, f"{url} {value}")
                self.assertEqual(answer.body, b"")
                self.assertEqual(answer.field("etag"), tag)
                self.assertEqual(answer.field("access-control-allow-origin"), "*")
            self.assertEqual(harness.fetch(url, If_None_Match='"other"').status, 200)

    def test_ranges(self):
        """ranges of a segment are answered"""
        url = self.segment()
        whole = harness.fetch(url)
        size = len(whole.body)
        self.assertEqual(whole.field("accept-ranges"), "bytes")
        for value, start, end in (
            ("bytes=0-187", 0, 188),
            ("bytes=188-", 188, size),
            ("bytes=-376", size - 376, size),
            (f"bytes=100-{size + 1000}", 100, size),
        ):
            answer = harness.fetch(url, Range=value)
            self.assertEqual(answer.status, 206, value)
            self.assertEqual(answer.field("content-range"), f"bytes {start}-{end - 1}/{size}")
            self.assertEqual(answer.body, whole.body[start:end])
        answer = harness.fetch(url, Range=f"bytes={size}-")
        self.assertEqual(answer.status, 416)
        self.assertEqual(answer.field("content-range"), f"bytes */{size}")
        self.assertEqual(answer.field("access-control-allow-origin"), "*")
        # A range that no server must understand is as if it were not there (RFC 9110 14.2).
        self.assertEqual(harness.fetch(url, Range="lines=1-2").status, 200)
        # The range is of another version than the one that is here.
        self.assertEqual(harness.fetch(url, Range="bytes=0-1", If_Range='"other"').status, 200)

    def test_head(self):
        """HEAD is GET without the body"""
        for url in (self.segment(), f"{self.base}/"):
            head, get = harness.fetch(url, "HEAD"), harness.fetch(url)
            self.assertEqual(head.status, 200)
            self.assertEqual(head.body, b"")
            self.assertEqual(int(head.field("content-length")), len(get.body))
            for name in ("content-type", "etag", "cache-control"):
                self.assertEqual(head.field(name), get.field(name))
        self.assertEqual(harness.fetch(f"{self.base}/news/nothing", "HEAD").status, 404)

    def test_cors(self):
        """a page of another server may read everything, errors too"""
        for url in (self.index, self.segment(), f"{self.base}/news/nothing", f"{self.base}/nothing"):
            answer = harness.fetch(url, Origin="http://player.example")
            self.assertEqual(answer.field("access-control-allow-origin"), "*", url)
        answer = harness.fetch(
            self.segment(), "OPTIONS", Origin="http://player.example",
            Access_Control_Request_Method="GET", Access_Control_Request_Headers="range",
        )  # fmt: skip
        self.assertIn(answer.status, (200, 204))
        self.assertEqual(answer.field("access-control-allow-origin"), "*")
        self.assertIn("GET", answer.field("access-control-allow-methods"))
        allowed = answer.field("access-control-allow-headers").lower()
        self.assertTrue(allowed == "*" or "range" in allowed, allowed)

    def test_methods(self):
        """what is not offered is refused by name"""
        for method in ("POST", "PUT", "DELETE"):
            answer = harness.fetch(self.index, method)
            self.assertEqual(answer.status, 405, method)
            self.assertIn("GET", answer.field("allow"))
            self.assertEqual(answer.field("access-control-allow-origin"), "*")

    def test_gzip(self):
        """playlists are compressed for who asks, segments never"""
        answer = harness.fetch(self.media, Accept_Encoding="gzip, br")
        self.assertEqual(answer.field("content-encoding"), "gzip")
        self.assertIn("accept-encoding", answer.field("vary").lower())
        self.assertTrue(gzip.decompress(answer.body).startswith(b"#EXTM3U\n"))
        for value in ("identity", "gzip;q=0", "br"):
            answer = harness.fetch(self.media, Accept_Encoding=value)
            self.assertEqual(answer.field("content-encoding"), "", value)
            self.assertTrue(answer.body.startswith(b"#EXTM3U\n"))
            # A cache must not give one the other's.
            self.assertIn("accept-encoding", answer.field("vary").lower())
        plain, packed = harness.fetch(self.index), harness.fetch(self.index, Accept_Encoding="gzip")
        if packed.field("content-encoding") == "gzip" and not plain.field("etag").startswith("W/"):
            self.assertNotEqual(plain.field("etag"), packed.field("etag"), "a strong tag is of one encoding")
        self.assertEqual(harness.fetch(self.segment(), Accept_Encoding="gzip").field("content-encoding"), "")

    def test_traversal(self):
        """no path leads out of the document root or the store"""
        for path in (
            "/../secret.txt",
            "/./../secret.txt",
            "/news/../../secret.txt",
            "/%2e%2e/secret.txt",
            "/..%2fsecret.txt",
            "/%2e%2e%2fsecret.txt",
            "/..%5csecret.txt",
            "//secret.txt",
            "/%252e%252e/secret.txt",
            "/index.html/../../secret.txt",
            "/../../../../../../../../etc/hostname",
            f"/news/{self.programme}/../../../secret.txt",
            f"/news/{self.programme}/%2e%2e/hls/index.m3u8",
            "/index.html%00.txt",
            "/%zz",
            "/%",
        ):
            answer = harness.send_raw(
                self.weir.port, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
            )
            status = answer.split(b" ")[1] if answer.startswith(b"HTTP/1.1 ") else b""
            self.assertRegex(status.decode(), "^4..$", f"{path}: {answer[:200]}")
            self.assertNotIn(b"not below", answer, path)
        self.assertTrue(self.weir.alive())

    def test_malformed(self):
        """malformed and oversized requests get a clear answer and end the connection"""
        for text, statuses in (
            (b"HELLO\r\n\r\n", "400"),
            (b"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", "400"),
            (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 9000 + b"\r\n\r\n", "431"),
            (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", "414|431"),
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "400|408"),
        ):
            answer = harness.send_raw(self.weir.port, text)
            self.assertRegex(answer[:12].decode(errors="replace"), rf"^HTTP/1\.[01] ({statuses})$", text[:40])
        self.assertEqual(harness.fetch(self.index).status, 200)

    def test_slow_header(self):
        """a request header that comes drop by drop is given up in total, not by the drop"""
        with socket.create_connection(("127.0.0.1", self.weir.port), timeout=10) as connection:
            connection.settimeout(0.2)
            begin = time.monotonic()
            answered = False
            while not answered and time.monotonic() - begin < 6:
                try:
                    connection.sendall(b"G")
                    connection.recv(4096)  # an answer or the end
                    answered = True
                except socket.timeout:
                    continue
                except OSError:
                    answered = True
            self.assertTrue(answered)
            self.assertGreater(time.monotonic() - begin, 0.5)
            self.assertLess(time.monotonic() - begin, 4)

    def test_keep_alive(self):
        """one connection takes several requests, also sent at once"""
        request = b"GET /news/hls/index.m3u8 HTTP/1.1\r\nHost: x\r\n\r\n"
        last = b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        answer = harness.send_raw(self.weir.port, request * 3 + last)
        self.assertEqual(answer.count(b"HTTP/1.1 200 "), 3)
        self.assertEqual(answer.count(b"HTTP/1.1 404 "), 1)
