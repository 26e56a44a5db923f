#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Publishes an FLV file by RTMP at its own speed, each tag as it is: also enhanced RTMP's, which
Debian's ffmpeg does not know.

usage: flv_publisher.py FILE.flv rtmp://HOST:PORT/APP/KEY
"""

import os
import socket
import struct
import sys
import threading
import time
import urllib.parse
from pathlib import Path

CHUNK = 65536
STREAM = 1  # the first that a server creates


def amf(value):
    """AMF0 of what commands need."""
    if value is None:
        return b"\x05"
    if isinstance(value, (int, float)):
        return b"\x00" + struct.pack(">d", value)
    if isinstance(value, str):
        return b"\x02" + struct.pack(">H", len(value)) + value.encode()
    fields = b"".join(amf(name)[1:] + amf(field) for name, field in value.items())
    return b"\x03" + fields + b"\x00\x00\x09"


def message(chunk_stream, kind, stream, stamp, body):
    """One message in chunks; the first has the whole header, the others none (5.3.1.2)."""
    short = min(stamp, 0xFFFFFF)
    extended = struct.pack(">I", stamp) if short == 0xFFFFFF else b""
    out = bytearray([chunk_stream]) + short.to_bytes(3, "big") + len(body).to_bytes(3, "big")
    out += bytes([kind]) + stream.to_bytes(4, "little") + extended
    for at in range(0, len(body), CHUNK):
        if at > 0:
            out += bytes([0xC0 | chunk_stream]) + extended
        out += body[at : at + CHUNK]
    return bytes(out)


def command(stream, *values):
    return message(3, 20, stream, 0, b"".join(map(amf, values)))


def read_exactly(connection, size):
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise ConnectionError("closed in the handshake")
        data += part
    return data


def connect(url):
    parts = urllib.parse.urlsplit(url)
    _, app, key = parts.path.split("/", 2)
    connection = socket.create_connection((parts.hostname, parts.port), timeout=10)
    connection.sendall(b"\x03" + bytes(8) + os.urandom(1528))
    answer = read_exactly(connection, 1 + 2 * 1536)
    connection.sendall(answer[1:1537])
    place = f"rtmp://{parts.netloc}/{app}"
    connection.sendall(message(2, 1, 0, 0, CHUNK.to_bytes(4, "big")))
    connection.sendall(command(0, "connect", 1, {"app": app, "type": "nonprivate", "tcUrl": place}))
    connection.sendall(command(0, "createStream", 2, None))
    connection.sendall(command(STREAM, "publish", 3, None, key, "live"))
    connection.settimeout(None)
    return connection


def drain(connection):
    """What the server says is not looked at; when it closes, this is the end."""
    try:
        while connection.recv(65536):
            pass
    except OSError:
        pass
    os._exit(1)


def main():
    import media

    connection = connect(sys.argv[2])
    threading.Thread(target=drain, args=(connection,), daemon=True).start()
    begin = time.monotonic()
    for kind, stamp, body in media.flv_tags(Path(sys.argv[1])):
        if kind in (8, 9):
            time.sleep(max(0.0, begin + stamp / 1000 - time.monotonic()))
            connection.sendall(message(4 if kind == 8 else 6, kind, STREAM, stamp, body))
    return 0


if __name__ == "__main__":
    sys.exit(main())
