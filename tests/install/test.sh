#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs the library into a temporary prefix, builds a host program against it there and runs it.
# usage: test.sh BUILD_FOLDER pkg-config|cmake
set -e -u -o pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$1
how=$2
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

# The prefix is moved by DESTDIR, so that both files must find the tree relative to themselves.
DESTDIR="$place" meson install -C "$build" --no-rebuild --quiet
pc=$(find "$place" -name weir.pc)
[ -n "$pc" ] || { echo "weir.pc was not installed"; exit 1; }
library=$(dirname "$(find "$place" -name 'libweir.so')")

mkdir "$place/host"
case $how in
    pkg-config)
        PKG_CONFIG_PATH=$(dirname "$pc")
        export PKG_CONFIG_PATH
        # shellcheck disable=SC2046
        g++ -std=c++20 -Wall -Wextra -Werror "$here/host/host.cpp" -o "$place/host/host" \
            $(pkg-config --cflags --libs weir)
        ;;
    cmake)
        config=$(find "$place" -name weirConfig.cmake)
        cmake -S "$here/host" -B "$place/host" -G Ninja -Dweir_DIR="$(dirname "$config")" \
            -DCMAKE_CXX_FLAGS="-Wall -Wextra -Werror"
        cmake --build "$place/host"
        ;;
    *)
        echo "pkg-config or cmake, not $how"
        exit 2
        ;;
esac

LD_LIBRARY_PATH="$library" timeout 60 "$place/host/host"

# The library a host needs at run time is named by its minor version.
readelf -d "$place/host/host" | grep -q 'libweir\.so\.[0-9]*\.[0-9]*\]'
# What is not marked is not exported.
if nm -DC --defined-only "$library/libweir.so" |
    grep -E ' [TW] weir::(net|media|hls|ingest|playout|encode|segment|origin|channel)::[^ *&]*\('; then
    echo "the library exports its inside"
    exit 1
fi
