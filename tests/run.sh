#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs what is missing, builds, and runs every test. The last line is "N passed, N failed", and
# the exit code is 0 only when nothing failed.
set -e -u -o pipefail

# One stream, so that the last line is the last line.
exec 2>&1
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build="$root/build"
stages=(unit asan tsan fuzz install e2e)

usage() {
    cat <<EOF
usage: tests/run.sh [--quick] [--only NAME]...
  --quick      build and run the unit tests and the checks of the source, nothing else
  --only NAME  one of: ${stages[*]}; or e2e/NAME: the e2e tests whose name contains NAME
EOF
}

only=()
while [ $# -gt 0 ]; do
    case $1 in
        --quick) only+=(unit) ;;
        --only)
            [ $# -ge 2 ] || { usage >&2; exit 2; }
            only+=("$2")
            shift
            ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; exit 2 ;;
    esac
    shift
done
for name in ${only[@]+"${only[@]}"}; do
    case " ${stages[*]} " in
        *" ${name%%/*} "*) ;;
        *) usage >&2; exit 2 ;;
    esac
done

# shellcheck source=tools/setup.sh
. "$root/tools/setup.sh"
cd "$root"

passed=0
failed=0

wanted() {
    [ ${#only[@]} -gt 0 ] || return 0
    local name
    for name in "${only[@]}"; do
        [ "${name%%/*}" = "$1" ] && return 0
    done
    return 1
}

# count PASSED FAILED: adds to the sums and says it.
count() {
    passed=$((passed + $1))
    failed=$((failed + $2))
    say "    $1 passed, $2 failed"
}

# meson_tests TEXT FOLDER ARGUMENT...: builds what the tests need, runs them and counts them.
meson_tests() {
    local text=$1 folder=$2 name result
    name=$(basename "$folder")
    shift 2
    say "$text"
    rm -f "$folder/meson-logs/testlog.json"
    run_logged "$name-test" meson test -C "$folder" --print-errorlogs "$@" || true
    if [ ! -e "$folder/meson-logs/testlog.json" ]; then
        tail -n 25 "$logs/$name-test.log" >&2
        say "    could not be built; the whole log: $logs/$name-test.log"
        count 0 1
        return 0
    fi
    result=$("$python" "$root/tests/support/count_tests.py" "$folder/meson-logs/testlog.json")
    # shellcheck disable=SC2086
    count $result
    [ "${result#* }" = 0 ] || say "    the whole log: $folder/meson-logs/testlog.txt"
}

# configure_tree TEXT FOLDER OPTION...: a failure counts as one test.
configure_tree() {
    local text=$1 folder=$2 name
    name=$(basename "$folder")
    shift 2
    say "$text"
    if ! run_logged "$name-setup" configure "$folder" "$@"; then
        tail -n 25 "$logs/$name-setup.log" >&2
        say "    could not be configured; the whole log: $logs/$name-setup.log"
        count 0 1
        return 1
    fi
}

stage_unit() {
    step "building (warnings are errors)" build \
        "The compiler's words are above." \
        ninja -C "$build" -j "$jobs"
    # One more at a time than processors: most of them wait for real time. Not so under a sanitizer.
    meson_tests "unit tests and checks of the source" "$build" --num-processes "$((jobs + 1))"
}

# The tree with AddressSanitizer and UndefinedBehaviorSanitizer: the unit tests and the fuzz targets
# share its objects. Several sources are compiled as one: the headers are read once for all of them.
configure_asan() {
    CC=clang-14 CXX=clang++-14 configure_tree "$1: configuring" "$root/build-asan" \
        --buildtype=debug --optimization=1 -Ddebug=true -Dcpp_args=-g1 -Dunity=on -Dunity_size=30 \
        -Db_sanitize=address,undefined -Db_lundef=false -Dexamples=false -Dpython=disabled -Dfuzz=true
}

stage_asan() {
    configure_asan "AddressSanitizer and UndefinedBehaviorSanitizer" || return 0
    meson_tests "AddressSanitizer and UndefinedBehaviorSanitizer: all unit tests" \
        "$root/build-asan" --suite unit --timeout-multiplier 4
}

stage_tsan() {
    local layers=() layer
    for layer in base net media store origin; do
        [ -e "$root/tests/$layer/meson.build" ] && layers+=("$layer")
    done
    configure_tree "ThreadSanitizer: configuring" \
        "$root/build-tsan" --buildtype=debug --optimization=1 -Ddebug=true -Dcpp_args=-g1 \
        -Dunity=on -Dunity_size=30 -Db_sanitize=thread -Db_lundef=false -Dexamples=false \
        -Dpython=disabled || return 0
    meson_tests "ThreadSanitizer: ${layers[*]}" \
        "$root/build-tsan" --timeout-multiplier 6 "${layers[@]}"
}

stage_fuzz() {
    local target name seeds
    compgen -G "$root/tests/fuzz/*_fuzz.cpp" >/dev/null || { say "no fuzz targets"; return 0; }
    configure_asan "fuzz targets" || return 0
    say "fuzz targets: building"
    if ! run_logged fuzz-build ninja -C "$root/build-asan" -j "$jobs" fuzz_targets; then
        tail -n 25 "$logs/fuzz-build.log" >&2
        say "    could not be built; the whole log: $logs/fuzz-build.log"
        count 0 1
        return 0
    fi
    local names=() name running
    for target in "$root"/tests/fuzz/*_fuzz.cpp; do names+=("$(basename "$target" .cpp)"); done
    # As many at a time as there are processors.
    while [ ${#names[@]} -gt 0 ]; do
        running=("${names[@]:0:jobs}")
        names=("${names[@]:jobs}")
        say "fuzzing for 30 s: ${running[*]}"
        for name in "${running[@]}"; do
            fuzz_one "$name" >"$logs/$name.log" 2>&1 && echo 0 >"$logs/$name.rc" || echo 1 >"$logs/$name.rc" &
        done
        wait
        for name in "${running[@]}"; do
            if [ "$(cat "$logs/$name.rc")" = 0 ]; then
                count 1 0
            else
                tail -n 25 "$logs/$name.log" >&2
                say "    the whole log: $logs/$name.log; the input is below $root/build-asan"
                count 0 1
            fi
        done
    done
}

# What is found stays in the corpus, so that a second run goes deeper.
fuzz_one() {
    local corpus="$root/build-asan/corpus/$1" seeds="$root/tests/fuzz/${1%_fuzz}"
    mkdir -p "$corpus"
    [ -d "$seeds" ] || seeds=
    cd "$root/build-asan" && UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 \
        "tests/fuzz/$1" -max_total_time=30 -timeout=5 -rss_limit_mb=2048 -artifact_prefix="$1-" \
        "$corpus" ${seeds:+"$seeds"}
}

stage_install() {
    local how
    for how in pkg-config cmake; do
        say "a host program against the installed library, with $how"
        if run_logged "install-$how" "$root/tests/install/test.sh" "$build" "$how"; then
            count 1 0
        else
            tail -n 25 "$logs/install-$how.log" >&2
            say "    the whole log: $logs/install-$how.log"
            count 0 1
        fi
    done
}

stage_e2e() {
    local filter=() name summary="$build/e2e/summary"
    for name in ${only[@]+"${only[@]}"}; do
        [ "${name%%/*}" = e2e ] && [ "$name" != e2e ] && filter+=("${name#e2e/}")
    done
    say "end to end: real publishers, servers and a browser (logs: $build/e2e)"
    rm -f "$summary"
    # Its lines are shown as they come: these tests run for minutes.
    "$python" "$root/tests/e2e/run.py" --build "$build" --summary "$summary" \
        ${filter[@]+"${filter[@]}"} || true
    if [ -s "$summary" ]; then
        # shellcheck disable=SC2046
        count $(cat "$summary")
    else
        say "    the runner itself failed"
        count 0 1
    fi
}

test_packages=(cmake doctest-dev ffmpeg libgstrtspserver-1.0-dev libpugixml-dev openssl
    pybind11-dev python3 python3-dev)
if wanted asan || wanted fuzz; then
    test_packages+=(clang-14 libclang-rt-14-dev)
fi
if wanted e2e; then
    test_packages+=(chromium python3-numpy srt-tools)
fi
say "looking for what is missing"
need_build_packages "${test_packages[@]}"
if wanted e2e; then
    need_node
    need_nginx
    need_npm tests/browser browser
    need_npm examples/player player
fi

# Line numbers are all that a test run needs to be told of a place; the sources of a test program are
# compiled as one, those of the library are not (src/meson.build).
step "configuring" setup "Its words are above." configure "$build" -Dwerror=true -Dtests=true \
    -Dcpp_args=-g1 -Dunity=on -Dunity_size=30
if ! wanted unit && { wanted install || wanted e2e; }; then
    step "building" build "The compiler's words are above." ninja -C "$build" -j "$jobs"
fi
times=()
for stage in "${stages[@]}"; do
    if wanted "$stage"; then
        begin=$SECONDS
        "stage_$stage"
        times+=("$stage $((SECONDS - begin)) s")
    fi
done

say "${times[*]/%/,} $SECONDS s in all"

say "done"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
