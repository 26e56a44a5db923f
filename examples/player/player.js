// SPDX-License-Identifier: MIT
// Plays one channel with hls.js. The channel's name is "live", or the page's ?channel=name.
'use strict';

const element = (id) => document.getElementById(id);
const video = element('video');
const channel = new URLSearchParams(location.search).get('channel') || 'live';
const source = `/${encodeURIComponent(channel)}/hls/index.m3u8`;
const kRetryMs = 2000;

element('title').textContent = channel;
document.title = `${channel} - weir`;

function showError(text) {
  element('error').textContent = text;
  element('error').hidden = !text;
}

function showBadge(live) {
  const badge = element('badge');
  badge.textContent = live ? 'LIVE' : 'VOD';
  badge.className = `badge ${live ? 'live' : 'vod'}`;
  badge.hidden = false;
}

function fillQualities(hls) {
  const menu = element('quality');
  menu.replaceChildren(new Option('Auto', '-1'));
  hls.levels.forEach((level, index) => {
    const megabits = (level.bitrate / 1e6).toFixed(1);
    menu.add(new Option(`${level.height}p, ${megabits} Mbit/s`, String(index)));
  });
  menu.value = String(hls.manualLevel);
  menu.disabled = false;
  menu.onchange = () => { hls.nextLevel = Number(menu.value); };
}

function showFigures(hls, live) {
  const level = hls.levels[hls.currentLevel];
  element('now').textContent = level ? `${level.width} × ${level.height}` : '';
  const encoded = live && hls.playingDate;
  element('latency').textContent = encoded
    ? `${((Date.now() - encoded.getTime()) / 1000).toFixed(1)} s behind live` : '';
}

function start() {
  const hls = new Hls();
  let live = false;
  const figures = setInterval(() => showFigures(hls, live), 500);

  const startAgain = (text) => {
    clearInterval(figures);
    showError(`${text} Trying again.`);
    hls.destroy();
    setTimeout(start, kRetryMs);
  };

  hls.on(Hls.Events.MANIFEST_PARSED, () => {
    showError('');
    fillQualities(hls);
    video.play().catch(() => {});  // the browser wants a click first: the controls are there
  });
  hls.on(Hls.Events.LEVEL_LOADED, (_event, data) => {
    live = data.details.live;
    showBadge(live);
  });
  hls.on(Hls.Events.ERROR, (_event, data) => {
    if (!data.fatal) return;
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR) hls.recoverMediaError();
    else startAgain([404, 503].includes(data.response?.code) ? 'The channel is not on air yet.' : 'The server cannot be reached.');
  });
  hls.loadSource(source);
  hls.attachMedia(video);
}

if (window.Hls && Hls.isSupported()) {
  start();
} else if (video.canPlayType('application/vnd.apple.mpegurl')) {
  video.src = source;  // Safari on a telephone plays HLS by itself
} else {
  showError('This browser cannot play HLS.');
}
