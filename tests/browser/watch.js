// SPDX-License-Identifier: MIT
// Runs in the page: plays a URL with hls.js and writes down what a viewer would notice.
// Exposes window.watch = { start(options), state(), report() }.
'use strict';

const kSampleMs = 50;
// The position of a video that runs is moved at least every few frames; a busy machine is not a
// stall, so this is well above one frame and below what people see.
const kFreezeMs = 250;

class Watch {
  constructor(video) {
    this.video = video;
    this.begin = performance.now();
    this.firstFrame = null;  // {ms, mediaTime}
    this.stalls = [];
    this.jumps = [];
    this.errors = [];
    this.levels = [];
    this.loaded = { fragments: 0, playlists: 0 };
    this.live = null;
    this.sawLive = false;
    this.ended = false;
    this.frozenSince = null;
    this.last = null;
    this.played = 0;
    this.wall = 0;
    this.latencies = [];
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
    if (this.hls && this.live && Number.isFinite(this.hls.latency)) this.latencies.push(this.hls.latency);
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
    const events = Hls.Events;
    const hls = new Hls(options.config);
    this.hls = hls;
    hls.on(events.ERROR, (_event, data) => {
      const code = data.response && data.response.code;
      const text = [code, data.reason, data.error && data.error.message, data.url || (data.frag && data.frag.url)];
      this.error(data.fatal, `${data.type}/${data.details}`, text.filter(Boolean).join(' '));
    });
    hls.on(events.LEVEL_LOADED, (_event, data) => {
      this.loaded.playlists += 1;
      this.live = data.details.live;
      this.sawLive = this.sawLive || data.details.live;
    });
    hls.on(events.FRAG_LOADED, () => { this.loaded.fragments += 1; });
    hls.on(events.LEVEL_SWITCHED, (_event, data) => this.levelSeen(data.level));
    hls.loadSource(options.url);
    hls.attachMedia(this.video);
    this.video.play().catch((error) => {
      if (error.name !== 'AbortError') this.error(false, 'play()', error.message);
    });
    if (options.switchSeconds) this.switchLevels(options.switchSeconds * 1000);
  }

  levelSeen(index) {
    const level = this.hls.levels[index];
    this.levels.push({ atMs: this.ms(), index, height: level.height, bitrate: level.bitrate });
  }

  // nextLevel: from the next fragment on, the switch that a player's own decision makes.
  switchLevels(everyMs) {
    let next = 0;
    setInterval(() => {
      const count = this.hls.levels.length;
      if (!this.firstFrame || count < 2) return;
      next = (next + 1) % count;
      this.hls.nextLevel = next;
    }, everyMs);
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
    const latencies = this.latencies.slice().sort((a, b) => a - b);
    return {
      hlsjs: Hls.version,
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
      stalls: { count: this.stalls.length, ms: this.stalls.reduce((sum, s) => sum + s.ms, 0), list: this.stalls },
      jumps: this.jumps,
      gaps: this.gaps(),
      frames: { shown: quality.totalVideoFrames, dropped: quality.droppedVideoFrames },
      levels: this.hls ? this.hls.levels.map((l) => ({ width: l.width, height: l.height, bitrate: l.bitrate, codecs: l.attrs.CODECS })) : [],
      levelsSeen: this.levels,
      latencySeconds: latencies.length ? latencies[latencies.length >> 1] : null,
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
  report: () => current.report(),
};
