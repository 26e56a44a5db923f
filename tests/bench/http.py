#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The HTTP origin against nginx serving the same bytes: playlists, segments, a mix of viewers, and
requests that are held. In turns, and what counts is CPU per unit of work. See docs/benchmarks.md.

nginx has its files on tmpfs where there is one, sends with sendfile and keeps them open
(open_file_cache); neither side writes a log or compresses.
"""

import argparse
import json
import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NGINX = """
daemon off; master_process on; worker_processes {threads}; pid {place}/nginx.pid;
error_log {place}/nginx.err;
worker_rlimit_nofile 30000;
events {{ worker_connections 12000; }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; keepalive_timeout 300;
    open_file_cache max=100 inactive=1h; open_file_cache_valid 1h;
    types {{ application/vnd.apple.mpegurl m3u8; video/mp2t ts; }}
    client_body_temp_path {place}/t1; proxy_temp_path {place}/t2; fastcgi_temp_path {place}/t3;
    uwsgi_temp_path {place}/t4; scgi_temp_path {place}/t5;
    server {{
        listen 127.0.0.1:{port} reuseport; root {root};
        add_header Access-Control-Allow-Origin *; add_header Cache-Control max-age=1;
    }}
}}
"""


class Server:
    """A server, with its processes' use of the machine."""

    def __init__(self, name, process, port):
        self.name, self.process, self.port = name, process, port

    def pids(self):
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [self.process.pid] + [int(pid) for pid in children.split()]

    def cpu(self):
        """Seconds of all threads, to the nanosecond."""
        total = 0
        for pid in self.pids():
            for task in Path(f"/proc/{pid}/task").iterdir():
                total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9

    def rss_kb(self):
        total = 0
        for pid in self.pids():
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1])
        return total

    def stop(self):
        if self.process.stdin:
            self.process.stdin.close()
        else:
            self.process.terminate()
        self.process.wait(20)


def start_weir(options, tls=()):
    process = subprocess.Popen([options.build / "tests/bench/http_weir", str(options.threads), *tls],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return Server("weir", process, int(process.stdout.readline()))


def start_nginx(options, place, files):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = place / "nginx.conf"
    config.write_text(NGINX.format(threads=options.threads, place=place, port=port, root=files))
    process = subprocess.Popen(["nginx", "-p", place, "-c", config], stderr=subprocess.DEVNULL)
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return Server("nginx", process, port)
        except OSError:
            time.sleep(0.05)
    sys.exit(f"nginx does not start, see {place}/nginx.err")


def load(options, server, *words):
    command = [options.build / "tests/bench/http_load", str(server.port)] + [str(w) for w in words]
    told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(told.stdout)


def fetch_all(server, files):
    """The files of nginx are weir's answers."""
    files.mkdir(parents=True)
    (files / "b").mkdir()
    for name in ("20k.m3u8", "200k.m3u8", "250k.ts", "1m.ts"):
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(f"GET /b/{name} HTTP/1.0\r\n\r\n".encode())
            answer = b""
            while part := client.recv(1 << 20):
                answer += part
        (files / "b" / name).write_bytes(answer.split(b"\r\n\r\n", 1)[1])


def measure_get(options, server, connections, path):
    before = server.cpu()
    told = load(options, server, "get", connections, options.seconds, path)
    cpu = server.cpu() - before
    if told["errors"]:
        sys.exit(f"{server.name}: {told}")
    return {"cpu_us": cpu / told["answers"] * 1e6, "cpu_gb": cpu / told["bytes"] * 1e9,
            "per_s": told["answers"] / told["seconds"], "p50": told["p50_ms"],
            "p99": told["p99_ms"]}


def measure_mix(options, server, connections):
    before = server.cpu()
    told = load(options, server, "mix", connections, options.seconds, "/b/20k.m3u8", "/b/250k.ts")
    cpu = server.cpu() - before
    if told["errors"]:
        sys.exit(f"{server.name}: {told}")
    return {"cpu_us": cpu / told["answers"] * 1e6, "cpu": cpu / options.seconds,
            "late": told["late"], "p99": told["playlist_p99_ms"],
            "segment_p99": told["segment_p99_ms"]}


def compare(title, options, servers, measure, keys):
    """Prints medians of both, and the median of the turns' ratios."""
    told = {server.name: [] for server in servers}
    for turn in range(options.turns):
        for server in servers if turn % 2 == 0 else reversed(servers):
            told[server.name].append(measure(server))
    line = f"{title:34s}"
    for key, scale in keys:
        weir = [one[key] for one in told["weir"]]
        nginx = [one[key] for one in told["nginx"]]
        line += f" | {key} {statistics.median(weir):{scale}} / {statistics.median(nginx):{scale}}"
        if min(nginx) > 0:
            ratios = [a / b for a, b in zip(weir, nginx)]
            line += f" = {statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
    print(line, flush=True)


def measure_held(options, count):
    server = start_weir(options)
    # A round before, so that what is kept for later is not counted.
    load(options, server, "get", 2, 1, "/b/20k.m3u8")
    before = server.rss_kb()
    command = [options.build / "tests/bench/http_load", str(server.port), "held", str(count), "5",
               "/b/held", "/b/answer"]
    client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    client.stdout.readline()
    held = server.rss_kb()
    cpu = server.cpu()
    client.stdin.write("\n")
    client.stdin.close()
    told = json.loads(client.stdout.readline())
    client.wait(20)
    threads = len(list(Path(f"/proc/{server.process.pid}/task").iterdir()))
    print(f"{count} held: {(held - before) / count:.2f} KB each, {threads} threads; all answered in "
          f"{', '.join(f'{t:.0f}' for t in told['rounds_ms'])} ms; "
          f"{(server.cpu() - cpu) / 5:.3f} CPU s a round; errors {told['errors']}", flush=True)
    server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=ROOT / "build", help="meson's build folder")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="of each measurement")
    parser.add_argument("--threads", type=int, default=2, help="of each server")
    parser.add_argument("--only", default="", help="parts of a row's name")
    options = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    subprocess.run(["ninja", "-C", options.build, "tests/bench/http_weir", "tests/bench/http_load"],
                   check=True, stdout=subprocess.DEVNULL)

    place = options.build.resolve() / "bench" / "http"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    shm = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else place
    files = shm / f"weir-bench-{os.getpid()}"
    weir = start_weir(options)
    try:
        fetch_all(weir, files)
        nginx = start_nginx(options, place, files)
        rows = [(f"playlist {size}, {connections} connections",
                 lambda s, c=connections, p=f"/b/{size}.m3u8": measure_get(options, s, c, p),
                 (("cpu_us", ".1f"), ("per_s", ".0f"), ("p99", ".1f")))
                for size in ("20k", "200k") for connections in (64, 512)]
        rows += [(f"segment 1 MB, {connections} connections",
                  lambda s, c=connections: measure_get(options, s, c, "/b/1m.ts"),
                  (("cpu_gb", ".3f"), ("per_s", ".0f"), ("p99", ".1f"))) for connections in (16, 64)]
        rows += [("mix, 2000 viewers", lambda s: measure_mix(options, s, 2000),
                  (("cpu", ".3f"), ("p99", ".1f"), ("segment_p99", ".1f"), ("late", ".0f")))]
        print("weir / nginx = median ratio (smallest-largest)")
        for title, measure, keys in rows:
            if options.only in title:
                compare(title, options, [weir, nginx], measure, keys)
        nginx.stop()
    finally:
        weir.stop()
        shutil.rmtree(files, ignore_errors=True)
    if options.only in "held":
        for count in (1000, 5000):
            measure_held(options, count)


if __name__ == "__main__":
    main()
