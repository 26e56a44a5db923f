# SPDX-License-Identifier: MIT
"""What the end-to-end tests are made of: processes, events with deadlines, HTTP, the browser.

Every process is started here and ended by its own id; every port is free and asked for.
"""

import collections
import gzip
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.parse
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("WEIR_BUILD", ROOT / "build"))
SCRATCH = BUILD / "e2e"

running = []  # what stop_all() ends when a test forgets or dies


class Failed(AssertionError):
    """Something did not happen in time, with all that helps to see why."""


def scratch(name):
    """A new empty folder for a test's files; they stay for reading after the test."""
    folder = SCRATCH / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def free_port():
    """A port that nobody uses now. For programs that cannot be told to choose one themselves."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, seconds, text):
    """Polls until condition() is true and returns what it gave."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failed(f"not within {seconds} s: {text}")
        time.sleep(0.05)


class Process:
    """A child process whose output goes to <log>."""

    def __init__(self, command, log, **options):
        self.log = Path(log)
        self.command = [str(part) for part in command]
        with open(self.log, "wb") as stderr:
            options.setdefault("stdout", stderr)
            self.child = subprocess.Popen(
                self.command, stderr=stderr, stdin=subprocess.DEVNULL, start_new_session=True, **options
            )
        running.append(self)

    @property
    def pid(self):
        return self.child.pid

    def alive(self):
        return self.child.poll() is None

    def signal(self, number):
        if self.alive():
            self.child.send_signal(number)

    def wait(self, seconds):
        """The exit code; fails when the process does not end in time (and ends it)."""
        try:
            code = self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed(f"{self.command[0]} did not exit within {seconds} s; see {self.log}") from None
        if self in running:
            running.remove(self)
        return code

    def kill(self):
        """At once, with what it started: the session is its own."""
        if self.alive():
            os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()
        if self in running:
            running.remove(self)

    def tail(self, lines=15):
        text = self.log.read_text(errors="replace").splitlines()
        return "\n".join(text[-lines:])


def stop_all():
    for process in list(running):
        process.kill()


class WeirRun(Process):
    """weir-run with a configuration; collects its events."""

    def __init__(self, config, folder, name="weir"):
        self.folder = Path(folder)
        path = self.folder / f"{name}.json"
        path.write_text(config if isinstance(config, str) else json.dumps(config, indent=1))
        self.events = []
        self.lines = []
        self.changed = threading.Condition()
        self.closed = False
        environment = dict(os.environ, GST_REGISTRY=str(SCRATCH / "gst-registry.bin"))
        super().__init__(
            [BUILD / "examples" / "weir-run", path],
            self.folder / f"{name}.log",
            stdout=subprocess.PIPE,
            env=environment,
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        with open(self.log.with_suffix(".events"), "wb") as copy:
            for line in self.child.stdout:
                copy.write(line)
                copy.flush()
                with self.changed:
                    self.lines.append(line.decode(errors="replace").rstrip("\n"))
                    try:
                        self.events.append(json.loads(line))
                    except ValueError:
                        pass  # seen by the test that every line is JSON
                    self.changed.notify_all()
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def wait_event(self, name, seconds, matches=lambda event: True, count=1):
        """The count-th event of that name that matches, since the start."""
        deadline = time.monotonic() + seconds
        with self.changed:
            while True:
                found = [e for e in self.events if e.get("event") == name and matches(e)]
                if len(found) >= count:
                    return found[count - 1]
                left = deadline - time.monotonic()
                if left <= 0 or self.closed:
                    why = "its output ended" if self.closed else f"not within {seconds} s"
                    seen = collections.Counter(e.get("event") for e in self.events)
                    raise Failed(
                        f"{name} (number {count}): {why}; seen: {dict(seen)}\n{self.lines[-3:]}\n{self.tail()}"
                    )
                self.changed.wait(left)

    def wait_listening(self, seconds=15):
        event = self.wait_event("listening", seconds)
        self.port = event["port"]
        return f"http://127.0.0.1:{self.port}"

    def finish(self, seconds=20):
        """SIGINT; the exit code."""
        self.signal(signal.SIGINT)
        code = self.wait(seconds)
        self.reader.join(5)
        return code


def config(inputs, store=None, ladder=None, port=0, origin=None, **channel):
    """A small channel: cheap enough for two cores beside a browser and a publisher."""
    output = {"type": "hls_ts", "segment_duration": 2.0}
    for key in ("playlist_type", "segment_duration", "window"):
        if key in channel:
            output[key] = channel.pop(key)
    value = {
        "name": "news",
        "inputs": inputs if isinstance(inputs, list) else [inputs],
        "ladder": ladder or LADDER,
        "outputs": [output],
        **channel,
    }
    if store is not None:
        value["store"] = {"type": "directory", "path": str(store)}
    return {"origin": {"address": "127.0.0.1", "port": port, **(origin or {})}, "channels": [value]}


LADDER = {
    "preset": "ultrafast",
    "video": [
        {"name": "360p", "width": 640, "height": 360, "bitrate_bps": 800_000},
        {"name": "180p", "width": 320, "height": 180, "bitrate_bps": 300_000},
    ],
    "audio": [{"name": "aac", "bitrate_bps": 96_000}],
}


# HTTP


class Response:
    def __init__(self, status, fields, body):
        self.status = status
        self.fields = fields
        self.body = body

    def field(self, name):
        return self.fields.get(name.lower(), "")

    def text(self):
        body = gzip.decompress(self.body) if self.field("content-encoding") == "gzip" else self.body
        return body.decode()

    def cache_control(self):
        """{"max-age": 1, "public": None, ...}"""
        found = {}
        for part in self.field("cache-control").split(","):
            name, _, value = part.strip().partition("=")
            found[name] = int(value) if value.isdigit() else None
        return found


def fetch(url, method="GET", **fields):
    """One request on a new connection; field names are written with '_' for '-'."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
    try:
        target = parts.path or "/"
        if parts.query:
            target += "?" + parts.query
        connection.request(
            method, target, headers={name.replace("_", "-"): value for name, value in fields.items()}
        )
        answer = connection.getresponse()
        # The same field twice is joined, as RFC 9110 5.2 says.
        joined = {}
        for name, value in answer.getheaders():
            name = name.lower()
            joined[name] = f"{joined[name]}, {value}" if name in joined else value
        return Response(answer.status, joined, answer.read())
    finally:
        connection.close()


def send_raw(port, data, seconds=10):
    """Sends bytes as they are and returns all that comes until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        connection.settimeout(seconds)
        received = b""
        try:
            connection.sendall(data)
            while True:
                piece = connection.recv(65536)
                if not piece:
                    break
                received += piece
        except (ConnectionError, socket.timeout):
            pass  # what came until then is judged
        return received


class FolderServer:
    """A plain static web server in this process, as Debian's python3 has it."""

    def __init__(self, folder):
        import functools
        import http.server

        class Handler(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *_):
                pass

        handler = functools.partial(Handler, directory=str(folder))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


# RTMP


class RtmpServer(Process):
    """nginx with its RTMP module on free ports, with all its files in the test's folder."""

    def __init__(self, folder, port=None, stream="stream"):
        place = Path(folder) / "nginx"
        place.mkdir()
        self.port = port or free_port()
        self.url = f"rtmp://127.0.0.1:{self.port}/live/{stream}"
        binary = os.environ.get("WEIR_NGINX", "/usr/sbin/nginx")
        module = os.environ.get("WEIR_NGINX_RTMP", "/usr/lib/nginx/modules/ngx_rtmp_module.so")
        # As root, nginx would change to a user that cannot read the build folder.
        user = "user root;" if os.geteuid() == 0 else ""
        (place / "nginx.conf").write_text(
            f"""{user}
load_module {module};
daemon off;
worker_processes 1;
pid {place}/nginx.pid;
error_log {place}/error.log info;
events {{ worker_connections 64; }}
rtmp {{
    access_log off;
    server {{
        listen 127.0.0.1:{self.port};
        application live {{ live on; }}
    }}
}}
"""
        )
        super().__init__(
            [binary, "-p", place, "-c", place / "nginx.conf", "-e", place / "start.log"],
            Path(folder) / "nginx.log",
        )
        wait_until(self.accepts, 10, f"nginx listens\n{self.tail()}")

    def accepts(self):
        if not self.alive():
            raise Failed(f"nginx exited: {self.tail()}")
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def stop(self):
        self.signal(signal.SIGTERM)
        self.wait(10)


class Publisher(Process):
    """ffmpeg sends a file to an RTMP server at its own speed."""

    def __init__(self, clip, url, folder, name="publisher"):
        super().__init__(
            ["ffmpeg", "-nostdin", "-v", "warning", "-re", "-i", clip, "-c", "copy", "-f", "flv", url],
            Path(folder) / f"{name}.log",
        )


# Browser


class Browser(Process):
    """tests/browser/play.mjs; the report comes at the end."""

    def __init__(self, url, folder, name="browser", **options):
        self.out = Path(folder) / f"{name}.report.json"
        arguments = []
        for key, value in options.items():
            arguments.append("--" + key.replace("_", "-"))
            if value is not True:
                arguments.append(str(value))
        with open(self.out, "wb") as out:
            super().__init__(
                ["node", ROOT / "tests/browser/play.mjs", *arguments, url],
                Path(folder) / f"{name}.log",
                stdout=out,
                env=dict(os.environ, WEIR_NPM=str(BUILD / "npm" / "browser")),
            )

    def report(self, seconds):
        """Waits for the end. The report when the browser played; fails when the harness could not."""
        code = self.wait(seconds)
        if code not in (0, 1):
            raise Failed(f"the browser harness failed: {self.tail()}")
        return json.loads(self.out.read_text())
