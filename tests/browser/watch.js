// SPDX-License-Identifier: MIT
// Runs in the page: plays a URL with the player that adapter.js made and writes down what a viewer
// would notice. Exposes window.watch = { start(options), state(), act(action), report() }.
'use strict';

const kSampleMs = 50;
// The position of a video that runs is moved at least every few frames; a busy machine is not a
// stall, so this is well above one frame and below what people see.
const kFreezeMs = 250;

const median = (values) => (values.length ? values.slice().sort((a, b) => a - b)[values.length >> 1] : null);

class Watch {
  constructor(video) {
    this.video = video;
    this.begin = performance.now();
    this.firstFrame = null;  // {ms, mediaTime}
    this.stalls = [];
    this.jumps = [];
    this.errors = [];
    this.levels = [];
    this.actions = [];
    this.seek = null;  // the action whose new position is not played yet
    this.loaded = { fragments: 0, playlists: 0 };
    this.live = null;
    this.sawLive = false;
    this.ended = false;
    this.frozenSince = null;
    this.last = null;
    this.played = 0;
    this.wall = 0;
    this.latencies = [];
    this.behindUtc = [];
    this.sizes = [];
  }

  ms() { return Math.round(performance.now() - this.begin); }

  error(fatal, type, text) {
    // The same error again and again is one line with a count.
    const known = this.errors.find((e) => e.type === type && e.fatal === fatal);
    if (known) known.count += 1;
    else this.errors.push({ atMs: this.ms(), fatal, type, text: String(text || '').slice(0, 200), count: 1 });
  }

  listen() {
    const video = this.video;
    video.requestVideoFrameCallback((_now, frame) => {
      this.firstFrame = { ms: this.ms(), mediaTime: frame.mediaTime };
      this.last = null;
    });
    video.addEventListener('ended', () => { this.ended = true; });
    video.addEventListener('resize', () => {
      this.sizes.push({ atMs: this.ms(), width: video.videoWidth, height: video.videoHeight });
    });
    video.addEventListener('error', () => {
      this.error(true, 'video', video.error && `${video.error.code} ${video.error.message}`);
    });
    setInterval(() => this.sample(), kSampleMs);
  }

  // Compares how far the position moved with how much time went by. Only the samples count, not the
  // element's events: a freeze without an event is a freeze.
  sample() {
    if (!this.firstFrame || this.ended) return this.endFreeze();
    const now = { wall: performance.now(), media: this.video.currentTime };
    const before = this.last;
    this.last = now;
    if (!before || this.video.paused) return;
    const wall = (now.wall - before.wall) / 1000;
    const media = now.media - before.media;
    if (this.seek) return this.sampleSeek(now, media, wall);
    this.wall += wall;
    if (media > 0) this.played += media;
    if (media < -0.05 || media > wall * this.video.playbackRate + 0.3) {
      this.jumps.push({ atMs: this.ms(), from: before.media, to: now.media });
    }
    if (media === 0) {
      if (this.frozenSince === null) this.frozenSince = before;
    } else {
      this.endFreeze();
    }
    if (!this.live) return;
    const latency = this.player.latency();
    if (Number.isFinite(latency)) this.latencies.push(latency);
    // weir's DASH has UTC as presentation time: this needs nobody's arithmetic.
    if (now.media > 1e9) this.behindUtc.push(Date.now() / 1000 - now.media);
  }

  // Until the position moves as a video's does. What jumps and stands still meanwhile was asked for.
  sampleSeek(now, media, wall) {
    const seek = this.seek;
    seek.moving = media > 0 && media < wall * this.video.playbackRate + 0.3 ? seek.moving + 1 : 0;
    if (this.video.seeking || seek.moving < 4) return;
    seek.record.tookMs = Math.round(now.wall - seek.wall - 4 * kSampleMs);
    seek.record.to = now.media - 4 * kSampleMs / 1000;
    this.seek = null;
  }

  endFreeze() {
    const since = this.frozenSince;
    if (since === null) return;
    this.frozenSince = null;
    const ms = Math.round(performance.now() - since.wall);
    if (ms >= kFreezeMs) {
      this.stalls.push({ atMs: Math.round(since.wall - this.begin), ms, mediaTime: since.media });
    }
  }

  play(options) {
    this.player = window.makePlayer(this.video, options, {
      error: (fatal, type, text) => this.error(fatal, type, text),
      levelSeen: (index) => this.levelSeen(index),
      playlist: (live) => {
        this.loaded.playlists += 1;
        this.live = live;
        this.sawLive = this.sawLive || live;
      },
      fragment: () => { this.loaded.fragments += 1; },
    });
    if (!this.player.playsByItself) this.playWhenReady();
    if (options.switchSeconds) this.switchLevels(options.switchSeconds * 1000);
  }

  // A player that replaces the element's source aborts what was asked for before.
  playWhenReady() {
    const play = () => this.video.play().catch((error) => {
      if (error.name !== 'AbortError') this.error(false, 'play()', error.message);
    });
    play();
    this.video.addEventListener('loadedmetadata', play);
  }

  levelSeen(index) {
    const level = this.player.levels()[index];
    if (level) this.levels.push({ atMs: this.ms(), index, height: level.height, bitrate: level.bitrate });
  }

  switchLevels(everyMs) {
    let next = 0;
    setInterval(() => {
      const count = this.player.levels().length;
      if (!this.firstFrame || count < 2) return;
      next = (next + 1) % count;
      this.player.setLevel(next);
    }, everyMs);
  }

  // kind: 'back' (seconds), 'live', 'level' (an index, 0 the largest).
  act({ kind, value }) {
    const record = { atMs: this.ms(), kind, value, from: this.video.currentTime, tookMs: null };
    this.actions.push(record);
    this.endFreeze();
    if (kind === 'level') {
      record.height = (this.player.levels()[value] || {}).height;
      this.player.setLevel(value);
      return;
    }
    const recent = median(this.latencies.slice(-20));
    if (recent !== null) record.latencyBefore = recent;
    this.seek = { record, wall: performance.now(), moving: 0 };
    if (kind === 'back') {
      record.start = this.video.seekable.length ? this.video.seekable.start(0) : 0;
      this.video.currentTime = Math.max(this.video.currentTime - value, record.start);
    } else {
      this.player.goToLive();
    }
  }

  gaps() {
    const ranges = this.video.buffered;
    const found = [];
    for (let i = 1; i < ranges.length; i++) {
      found.push({ from: ranges.end(i - 1), to: ranges.start(i), seconds: ranges.start(i) - ranges.end(i - 1) });
    }
    return found;
  }

  report() {
    if (!this.ended) this.endFreeze();
    const video = this.video;
    const quality = video.getVideoPlaybackQuality();
    return {
      player: this.player.name,
      version: this.player.version,
      firstFrameMs: this.firstFrame && this.firstFrame.ms,
      firstFrameMediaTime: this.firstFrame && this.firstFrame.mediaTime,
      progressedSeconds: this.played,
      wallSeconds: this.wall,
      position: video.currentTime,
      duration: Number.isFinite(video.duration) ? video.duration : null,
      live: this.live,
      sawLive: this.sawLive,
      ended: this.ended,
      size: [video.videoWidth, video.videoHeight],
      sizes: this.sizes,
      stalls: { count: this.stalls.length, ms: this.stalls.reduce((sum, s) => sum + s.ms, 0), list: this.stalls },
      jumps: this.jumps,
      gaps: this.gaps(),
      frames: { shown: quality.totalVideoFrames, dropped: quality.droppedVideoFrames },
      levels: this.player.levels(),
      levelsSeen: this.levels,
      latencySeconds: median(this.latencies),
      latencyAtEnd: median(this.latencies.slice(-20)),
      behindUtcSeconds: median(this.behindUtc),
      actions: this.actions,
      details: this.player.details(),
      loaded: this.loaded,
      errors: this.errors,
    };
  }
}

const current = new Watch(document.getElementById('video'));
window.watch = {
  start(options) {
    current.begin = performance.now();
    current.listen();
    current.play(options);
  },
  state() {
    return {
      begun: current.firstFrame !== null,
      ended: current.ended,
      fatal: current.errors.some((error) => error.fatal),
    };
  },
  act: (action) => current.act(action),
  report: () => current.report(),
};
