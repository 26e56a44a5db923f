// SPDX-License-Identifier: MIT
// dash.js as watch.js wants a player; see adapter_hlsjs.js.
'use strict';

window.makePlayer = (video, options, report) => {
  const events = dashjs.MediaPlayer.events;
  const player = dashjs.MediaPlayer().create();
  const representations = () => [...player.getRepresentationsByType('video')].sort((a, b) => b.bandwidth - a.bandwidth);
  player.on(events.ERROR, ({ error }) => report.error(true, `dashjs/${error.code}`, error.message));
  player.on('manifestUpdated', ({ manifest }) => report.playlist(manifest.type === 'dynamic'));
  player.on(events.FRAGMENT_LOADING_COMPLETED, ({ error, request }) => {
    report.fragment();
    if (error) report.error(false, 'dashjs/fragment', `${error.message || error.code || error} ${request && request.url}`);
  });
  player.on(events.QUALITY_CHANGE_RENDERED, ({ mediaType, newRepresentation }) => {
    if (mediaType !== 'video' || !newRepresentation) return;
    report.levelSeen(representations().findIndex((each) => each.id === newRepresentation.id));
  });
  player.updateSettings({
    debug: { logLevel: dashjs.Debug.LOG_LEVEL_NONE },
    // Little, so that a change of the quality is seen soon without loading anything anew, which
    // makes dash.js stall.
    streaming: { buffer: { bufferTimeDefault: 6, bufferTimeAtTopQuality: 6, bufferTimeAtTopQualityLongForm: 6 } },
    ...options.config,
  });
  // It has to begin by itself: when the element is told to play before dash.js listens to it, the
  // manifest is never loaded again.
  player.initialize(video, options.url, true);
  return {
    name: 'dash.js',
    playsByItself: true,
    version: player.getVersion(),
    levels: () => representations().map((r) => ({ width: r.width, height: r.height, bitrate: r.bandwidth, codecs: r.codecs })),
    setLevel(index) {
      player.updateSettings({ streaming: { abr: { autoSwitchBitrate: { video: false } } } });
      player.setRepresentationForTypeById('video', representations()[index].id);
    },
    latency: () => (player.isDynamic() ? player.getCurrentLiveLatency() : NaN),
    goToLive() { player.seekToOriginalLive(); },
    details: () => ({ window: player.isReady() && player.isDynamic() ? player.getDvrWindow() : null }),
  };
};
