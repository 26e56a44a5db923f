# SPDX-License-Identifier: MIT
# Shared by tests/run.sh and examples/run.sh, which source it: steps with elapsed time, logs, and
# the installation of what is missing on Debian 12. Starts and enables no service.
#
# Expects: set -e -u -o pipefail; `root` is the project's folder; `build` the build folder.

# Debian's own tools, whatever else the user's PATH has.
export PATH="/usr/bin:/bin:/usr/sbin:/sbin:$PATH"
export DEBIAN_FRONTEND=noninteractive
unset PYTHONPATH PYTHONHOME

python=/usr/bin/python3
logs="$build/logs"
jobs=$(nproc)

say() { printf '[%4d s] %s\n' "$SECONDS" "$*"; }

# die SENTENCE...: ends the script; each argument is a line.
die() {
    printf '\n%s\n' "$@" >&2
    exit 1
}

# run_logged LOG COMMAND...: the command's output goes to the log. Its exit code is the result. What
# takes long shows the log's last line now and then.
run_logged() {
    local log="$logs/$1.log" result=0 beat
    shift
    mkdir -p "$logs"
    : >"$log"
    heartbeat "$log" &
    beat=$!
    "$@" >"$log" 2>&1 </dev/null || result=$?
    kill "$beat" 2>/dev/null || true
    wait "$beat" 2>/dev/null || true
    return "$result"
}

heartbeat() {
    local last='' line
    while sleep 20 >/dev/null 2>&1; do
        line=$(tail -c 300 "$1" | tail -n 1 | cut -c 1-90)
        [ "$line" = "$last" ] || say "    $line"
        last=$line
    done
}

# step TEXT LOG ADVICE COMMAND...: announces, runs, and ends the script with the advice on failure.
step() {
    local text=$1 log=$2 advice=$3
    shift 3
    say "$text"
    if ! run_logged "$log" "$@"; then
        tail -n 25 "$logs/$log.log" >&2
        die "Failed: $text." "$advice" "The whole log: $logs/$log.log"
    fi
}

# as_root COMMAND...: with sudo when we are not root.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

is_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null || true)" = installed ]
}

# need_packages NAME...: installs those that are missing.
need_packages() {
    local missing=() name
    for name in "$@"; do
        is_installed "$name" || missing+=("$name")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null ||
        die "These Debian packages are missing, and there is no apt-get here: ${missing[*]}" \
            "weir is built on Debian 12; elsewhere install their counterparts and build with meson."
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        die "Packages are missing and neither are you root nor is sudo here. Run this as root:" \
            "    apt-get update && apt-get install --no-install-recommends ${missing[*]}"
    fi
    local advice="Look at the network and at /etc/apt/sources.list, then run this again."
    if [ "$(id -u)" -ne 0 ]; then
        say "sudo is needed to install packages and may ask for your password"
        sudo -v || die "sudo was refused. Ask somebody with root to run:" \
            "    apt-get update && apt-get install --no-install-recommends ${missing[*]}"
    fi
    step "updating the package lists" apt-update "$advice" as_root apt-get update
    step "installing ${#missing[@]} packages: ${missing[*]}" apt-install "$advice" \
        as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "${missing[@]}"
}

# What a build and the running of a channel take.
need_build_packages() {
    local packages=(
        meson ninja-build pkg-config g++ zlib1g-dev libssl-dev
        libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev gstreamer1.0-tools
        gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
        gstreamer1.0-plugins-ugly gstreamer1.0-libav gstreamer1.0-x fonts-dejavu-core
        libmsgsl-dev nlohmann-json3-dev
    )
    # Any Boost since 1.74 will do, and two -dev versions do not go together.
    [ -e /usr/include/boost/beast/version.hpp ] || packages+=(libboost1.81-dev)
    need_packages "${packages[@]}" "$@"
}

# need_node: node and npm, Debian's when there are none.
need_node() {
    local packages=()
    command -v node >/dev/null || packages+=(nodejs)
    command -v npm >/dev/null || packages+=(npm)
    [ ${#packages[@]} -eq 0 ] || need_packages "${packages[@]}"
}

# need_npm FOLDER NAME: what FOLDER/package.json names goes to $build/npm/NAME, once.
need_npm() {
    local source="$root/$1/package.json" target="$build/npm/$2"
    if cmp -s "$source" "$target/installed.json"; then
        return 0
    fi
    mkdir -p "$target"
    cp "$source" "$target/package.json"
    step "installing the npm packages of $1" "npm-$2" \
        "Is the npm registry reachable ('npm ping')? Then run this again." \
        npm install --prefix "$target" --no-package-lock --no-audit --no-fund --ignore-scripts \
        --loglevel=error
    cp "$source" "$target/installed.json"
}

# need_nginx: sets WEIR_NGINX and WEIR_NGINX_RTMP. When nginx is not installed, its packages are
# unpacked below the build folder instead: an installation would start a web server on port 80.
need_nginx() {
    local place=$build/nginx
    if [ -x /usr/sbin/nginx ] && [ -e /usr/lib/nginx/modules/ngx_rtmp_module.so ]; then
        place=
    elif [ ! -x "$place/usr/sbin/nginx" ] ||
        [ ! -e "$place/usr/lib/nginx/modules/ngx_rtmp_module.so" ]; then
        need_packages libpcre2-8-0 libssl3 libcrypt1
        step "fetching nginx and its RTMP module (unpacked in the build folder, not installed)" \
            nginx "Run 'apt-get update' as root if a version is not found, then run this again." \
            unpack_nginx "$place"
    fi
    export WEIR_NGINX="$place/usr/sbin/nginx"
    export WEIR_NGINX_RTMP="$place/usr/lib/nginx/modules/ngx_rtmp_module.so"
}

unpack_nginx() {
    rm -rf "$1"
    mkdir -p "$1/packages"
    (
        set -e
        cd "$1/packages"
        apt-get download nginx libnginx-mod-rtmp ||
            { as_root apt-get update && apt-get download nginx libnginx-mod-rtmp; }
        for package in ./*.deb; do
            dpkg -x "$package" "$1"
        done
    )
}

# configure FOLDER OPTION...: meson setup, again only when the options are others than last time. Give
# every option that differs between callers: a renewed setup keeps what it is not told.
configure() {
    local folder=$1 text="$*"
    shift
    if [ -e "$folder/build.ninja" ] && [ "$(cat "$folder/weir-options" 2>/dev/null)" = "$text" ]; then
        return 0 # ninja itself sees a changed meson.build
    fi
    if [ -e "$folder/meson-private/coredata.dat" ]; then
        meson setup --reconfigure "$@" "$folder" "$root"
    else
        meson setup "$@" "$folder" "$root"
    fi
    printf '%s' "$text" >"$folder/weir-options"
}
