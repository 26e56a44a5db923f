// SPDX-License-Identifier: MIT
// shaka-player as watch.js wants a player; see adapter_hlsjs.js.
'use strict';

window.makePlayer = (video, options, report) => {
  shaka.polyfill.installAll();
  const player = new shaka.Player();
  // By itself it tries the segments of a live presentation for ever.
  const isRetried = (error) => player.isLive() && error.category === shaka.util.Error.Category.NETWORK;
  const isCritical = (error) => error.severity === shaka.util.Error.Severity.CRITICAL && !isRetried(error);
  const names = Object.fromEntries(Object.entries(shaka.util.Error.Code).map(([name, code]) => [code, name]));
  const failed = (error, fatal) => report.error(fatal, `shaka/${names[error.code] || error.code}`,
    error.data ? JSON.stringify(error.data.filter((d) => typeof d !== 'object')) : error.message);
  const variants = () => {
    const all = player.getVariantTracks();
    const active = all.find((track) => track.active);
    const audio = active && active.audioId;
    return all.filter((track) => !active || track.audioId === audio).sort((a, b) => b.bandwidth - a.bandwidth);
  };
  const seen = () => {
    const index = variants().findIndex((track) => track.active);
    if (index >= 0) report.levelSeen(index);
  };
  let gaps = 0;
  player.addEventListener('error', (event) => failed(event.detail, isCritical(event.detail)));
  player.addEventListener('adaptation', seen);
  player.addEventListener('variantchanged', seen);
  player.addEventListener('gapjumped', () => { gaps += 1; });
  player.getNetworkingEngine().registerResponseFilter((type) => {
    if (type === shaka.net.NetworkingEngine.RequestType.SEGMENT) report.fragment();
    if (type === shaka.net.NetworkingEngine.RequestType.MANIFEST) setTimeout(() => report.playlist(player.isLive()));
  });
  // A failed request that is tried again is worth knowing.
  player.addEventListener('retry', (event) => report.error(false, 'shaka/retry', event.error && JSON.stringify(event.error.data)));
  player.configure({
    streaming: { lowLatencyMode: options.lowLatency, liveSync: { enabled: options.lowLatency } },
    ...options.config,
  });
  player.attach(video).then(() => player.load(options.url)).then(seen).catch((error) => failed(error, true));
  return {
    name: 'shaka-player',
    version: shaka.Player.version,
    levels: () => variants().map((t) => ({ width: t.width, height: t.height, bitrate: t.bandwidth, codecs: t.codecs })),
    setLevel(index) {
      player.configure({ abr: { enabled: false } });
      // What is buffered is loaded anew, but for what is played next.
      player.selectVariantTrack(variants()[index], true, 2);
    },
    latency: () => (player.isLive() ? player.getStats().liveLatency : NaN),
    goToLive() { player.goToLive(); },
    details: () => {
      const stats = player.getStats();
      return { gapsJumped: gaps, stallsDetected: stats.stallsDetected, seekable: player.seekRange() };
    },
  };
};
