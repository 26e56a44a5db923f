#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs what is missing, builds, starts a live channel and serves it with a player page.
set -e -u -o pipefail

usage() {
    cat <<EOF
usage: examples/run.sh [--port N] [--record FOLDER] [SOURCE]
  SOURCE           a media file (played again and again) or an rtmp:// URL to pull;
                   without it a test pattern with a clock and a beep
  --port N         serve on this port (8080)
  --record FOLDER  keep the programme: when it is finished any web server can serve the folder
EOF
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
build="$root/build"
port=8080
record=
source=
while [ $# -gt 0 ]; do
    case $1 in
        --port | --record)
            [ $# -ge 2 ] || { usage >&2; exit 2; }
            if [ "$1" = --port ]; then port=$2; else record=$2; fi
            shift
            ;;
        -h | --help) usage; exit 0 ;;
        -*) usage >&2; exit 2 ;;
        *)
            [ -z "$source" ] || { usage >&2; exit 2; }
            source=$1
            ;;
    esac
    shift
done

# shellcheck source=tools/setup.sh
. "$root/tools/setup.sh"

case $port in
    '' | *[!0-9]*) die "--port takes a number, not '$port'." ;;
esac
case $source in
    '' | rtmp://*) ;;
    *)
        [ -f "$source" ] || die "$source is no file here. Give a media file or an rtmp:// URL."
        source=$(realpath "$source")
        ;;
esac
[ -z "$record" ] || record=$(realpath -m "$record")

say "looking for what is missing"
need_build_packages python3
need_node
need_npm examples/player player
if [ ! -e "$build/build.ninja" ]; then
    step "configuring" setup "Its words are above." \
        configure "$build" -Dwerror=false -Dtests=false
fi
step "building (a few minutes the first time)" build "The compiler's words are above." \
    ninja -C "$build" -j "$jobs" examples/weir-run

# What the browser loads, in one folder.
place="$build/player"
mkdir -p "$place/page"
cp "$here/player/index.html" "$here/player/player.js" "$here/player/player.css" \
    "$build/npm/player/node_modules/hls.js/dist/hls.min.js" "$place/page/"

"$python" - "$place/page" "$port" "$source" "$record" >"$place/config.json" <<'EOF'
import json
import sys

page, port, source, record = sys.argv[1:]
if not source:
    given = {"type": "test_pattern"}
elif source.startswith("rtmp://"):
    given = {"type": "rtmp_pull", "url": source}
else:
    given = {"type": "file", "path": source, "loop": True}
channel = {
    "name": "live",
    "inputs": [given],
    "ladder": "hd720",
    "outputs": [{"type": "hls_ts", "playlist_type": "event" if record else "live"}],
}
if record:
    channel["store"] = {"type": "directory", "path": record}
origin = {"address": "127.0.0.1", "port": int(port), "document_root": page}
print(json.dumps({"origin": origin, "channels": [channel]}, indent=2))
EOF

say "starting"
events="$place/events.log"
: >"$events"
# Says so when the first segment is there; the channel itself takes this script's place below, so
# that Ctrl-C reaches it once and its exit code is ours.
(
    while kill -0 $$ 2>/dev/null; do
        if grep -q segment_published "$events"; then
            say "on air: open http://localhost:$port/  (Ctrl-C finishes the programme)"
            break
        fi
        sleep 0.2
    done
) &
exec "$build/examples/weir-run" "$place/config.json" >"$events"
