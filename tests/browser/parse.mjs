// SPDX-License-Identifier: MIT
// Reads playlists with parsers that are not ours, hls-parser and hls.js, and compares what they
// understood with what was meant (the JSON beside each).
//
// usage: parse.mjs FOLDER     WEIR_NPM: where the packages of package.json are installed

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const npm = join(process.env.WEIR_NPM, "node_modules");
const hlsParser = createRequire(import.meta.url)(join(npm, "hls-parser"));
globalThis.self = globalThis;  // hls.js looks for a browser
const { M3U8Parser } = await import(pathToFileURL(join(npm, "hls.js/dist/hls.mjs")).href);

// What hls-parser does not like it writes. It knows of no exception for independent parts (RFC
// 8216bis 4.4.4.9), as all of sound are, and takes a hint for a fourth segment with parts.
let complaints = [];
const print = console.error;
console.error = (...texts) => complaints.push(texts.map(String).join(" "));
function checkComplaints(file) {
    const known = (text) => text.includes("Remove EXT-X-PART tags") ||
        (file.includes("audio") && text.includes("at least 85%"));
    assert.deepEqual(complaints.filter((text) => !known(text)), []);
    complaints = [];
}

const base = "http://host/news/cmaf/index.m3u8";
const near = (a, b, text) => assert.ok(Math.abs(a - b) < 1e-6, `${text}: ${a} is not ${b}`);

function checkMediaWithHlsParser(text, said) {
    const read = hlsParser.parse(text);
    assert.equal(read.isMasterPlaylist, false);
    assert.equal(read.version, said.version);
    assert.equal(read.targetDuration, said.target_duration);
    assert.equal(read.mediaSequenceBase, said.media_sequence);
    assert.equal(read.discontinuitySequenceBase ?? 0, said.discontinuity_sequence);
    assert.equal(read.endlist, said.ended);
    assert.equal(read.isIFrame ?? false, said.i_frames_only);
    assert.equal(read.skip ?? 0, said.skipped);
    assert.equal(read.renditionReports.length, said.reports);
    near(read.partTargetDuration ?? 0, said.part_target, "part target");
    near(read.lowLatencyCompatibility?.partHoldBack ?? 0, said.part_hold_back, "part hold back");
    near(read.lowLatencyCompatibility?.canSkipUntil ?? 0, said.can_skip_until, "skip until");
    assert.equal(read.prefetchSegments.length, 0);
    const hints = [];
    const parts = [];
    const whole = [];
    for (const segment of read.segments) {
        for (const part of segment.parts) (part.hint ? hints : parts).push(part);
        if (segment.uri) whole.push(segment);
    }
    assert.deepEqual(hints.map((h) => h.uri), said.hint ? [said.hint] : []);
    assert.deepEqual(parts.map((p) => [p.uri, p.duration, p.independent ?? false]),
        said.parts.map((p) => [p.uri, p.duration, p.independent]));
    assert.equal(whole.length, said.segments.length);
    whole.forEach((segment, i) => {
        const meant = said.segments[i];
        assert.equal(segment.uri, meant.uri);
        near(segment.duration, meant.duration, meant.uri);
        assert.equal(segment.programDateTime.getTime(), meant.time_ms);
        assert.equal(segment.discontinuity ?? false, meant.discontinuity);
        assert.equal(segment.gap ?? false, meant.gap);
        if (!meant.gap) assert.equal(segment.map?.uri ?? "", meant.map);
        assert.equal(segment.byterange?.length ?? 0, meant.bytes);
    });
}

function checkMediaWithHlsJs(text, said) {
    const details = M3U8Parser.parseLevelPlaylist(text, base, 0, "main", 0, null);
    assert.equal(details.playlistParsingError ?? null, null);
    assert.equal(details.version, said.version);
    assert.equal(details.targetduration, said.target_duration);
    assert.equal(details.startSN, said.media_sequence);
    assert.equal(details.live, !said.ended);
    assert.equal(details.skippedSegments, said.skipped);
    near(details.partTarget, said.part_target, "part target");
    near(details.partHoldBack, said.part_hold_back, "part hold back");
    assert.equal(details.canSkipUntil, said.can_skip_until);
    assert.equal(details.preloadHint?.URI ?? "", said.hint);
    assert.equal(details.renditionReports?.length ?? 0, said.reports);
    assert.deepEqual((details.partList ?? []).map((p) => [p.relurl, p.duration, p.independent]),
        said.parts.map((p) => [p.uri, p.duration, p.independent]));
    for (const part of details.partList ?? []) {
        const meant = said.parts.find((p) => p.uri === part.relurl);
        assert.equal(part.fragment.sn, meant.number);
    }
    // Where segments are skipped hls.js has nothing until it puts the former playlist there.
    const whole = details.fragments.filter((f) => f?.relurl);
    assert.equal(whole.length, said.segments.length);
    whole.forEach((fragment, i) => {
        const meant = said.segments[i];
        assert.equal(fragment.relurl, meant.uri);
        assert.equal(fragment.sn, meant.number);
        near(fragment.duration, meant.duration, meant.uri);
        assert.equal(Math.round(fragment.programDateTime), meant.time_ms);
        assert.equal(fragment.gap ?? false, meant.gap);
        if (!meant.gap) assert.equal(fragment.initSegment?.relurl ?? "", meant.map);
    });
}

function checkMultivariant(text, said) {
    const read = hlsParser.parse(text);
    assert.equal(read.isMasterPlaylist, true);
    const variants = read.variants.filter((v) => !v.isIFrameOnly);
    assert.equal(read.variants.length - variants.length, said.i_frames);
    assert.equal(variants.length, said.variants.length);
    variants.forEach((variant, i) => {
        const meant = said.variants[i];
        assert.equal(variant.uri, meant.uri);
        assert.equal(variant.bandwidth, meant.bandwidth);
        assert.equal(variant.averageBandwidth ?? 0, meant.average_bandwidth);
        assert.equal(variant.codecs, meant.codecs);
        assert.equal(variant.resolution?.width ?? 0, meant.width);
        const group = said.audio.filter((a) => a.group === meant.audio);
        assert.deepEqual(variant.audio.map((a) => [a.uri, a.name, a.language ?? "", a.isDefault]),
            group.map((a) => [a.uri, a.name, a.language, a.default]));
    });
    const levels = M3U8Parser.parseMasterPlaylist(text, base);
    assert.equal(levels.playlistParsingError ?? null, null);
    assert.equal(levels.levels.length, said.variants.length);
    levels.levels.forEach((level, i) => {
        assert.equal(level.url, new URL(said.variants[i].uri, base).href);
        assert.equal(level.bitrate, said.variants[i].bandwidth);
        assert.equal(level.height ?? 0, said.variants[i].height);
    });
    const media = M3U8Parser.parseMasterPlaylistMedia(text, base, levels);
    assert.deepEqual((media.AUDIO ?? []).map((a) => [a.groupId, a.name, a.url]),
        said.audio.map((a) => [a.group, a.name, new URL(a.uri, base).href]));
}

const folder = process.argv[2];
let count = 0;
for (const file of readdirSync(folder).filter((name) => name.endsWith(".m3u8")).sort()) {
    const text = readFileSync(join(folder, file), "utf8");
    const said = JSON.parse(readFileSync(join(folder, file.replace(/m3u8$/, "json")), "utf8"));
    try {
        if (said.kind === "media") {
            checkMediaWithHlsParser(text, said);
            checkMediaWithHlsJs(text, said);
        } else {
            checkMultivariant(text, said);
        }
        checkComplaints(file);
    } catch (error) {
        print(`${file}: ${error.stack}\n${text.slice(0, 3000)}`);
        process.exit(1);
    }
    ++count;
}
console.log(`${count} playlists`);
