// SPDX-License-Identifier: MIT
// hls.js as watch.js wants a player. See adapter_shaka.js and adapter_dashjs.js for the others.
// Defines window.makePlayer(video, options, report), where report is
//   { error(fatal, type, text), levelSeen(index), playlist(live), fragment() }.
'use strict';

window.makePlayer = (video, options, report) => {
  const events = Hls.Events;
  const hls = new Hls(options.config);
  hls.on(events.ERROR, (_event, data) => {
    const code = data.response && data.response.code;
    const text = [code, data.reason, data.error && data.error.message, data.url || (data.frag && data.frag.url)];
    report.error(data.fatal, `${data.type}/${data.details}`, text.filter(Boolean).join(' '));
  });
  hls.on(events.LEVEL_LOADED, (_event, data) => report.playlist(data.details.live));
  hls.on(events.FRAG_LOADED, () => report.fragment());
  hls.on(events.LEVEL_SWITCHED, (_event, data) => report.levelSeen(data.level));
  hls.loadSource(options.url);
  hls.attachMedia(video);
  return {
    name: 'hls.js',
    version: Hls.version,
    levels: () => hls.levels.map((l) => ({ width: l.width, height: l.height, bitrate: l.bitrate, codecs: l.attrs.CODECS })),
    // From the next fragment on, the switch that a player's own decision makes.
    setLevel(index) { hls.nextLevel = index; },
    latency: () => hls.latency,
    goToLive() { video.currentTime = hls.liveSyncPosition; },
    details: () => ({}),
  };
};
