#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// Plays one URL with hls.js, shaka-player or dash.js in headless Chromium and prints one JSON report.
// Exit code: 0 played well, 1 not (`problems` says why), 2 wrong usage or the harness failed.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startServer } from './server.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
// The npm packages are in the build folder, never beside the sources.
const packages = process.env.WEIR_NPM || path.join(here, '../../build/npm/browser');
const require = createRequire(path.join(path.resolve(packages), 'package.json'));

const kUsage = `usage: play.mjs [options] URL
  --player NAME       hlsjs, shaka or dashjs (hlsjs, or shaka for an .mpd)
  --low-latency       the player is told to play with low latency
  --at S:ACTION       S seconds after the first frame: back=N (seek back N seconds), live (return to
                      the live edge), level=K (change to quality level K, 0 the largest); repeatable
  --max-seek-ms N     until the picture moves after a seek (3000)
  --max-latency N     median of the player's latency in seconds (no limit)
  --seconds N         play so long, from the first frame (20); the limit with --until-ended
  --until-ended       until the stream's end, which must come, with all of its duration played
  --start-timeout N   seconds until the first frame (20)
  --min-levels N      so many different quality levels must be seen (0)
  --switch N          change the quality level every N seconds, through all of them
  --max-stall-ms N    sum of the stalls (0)
  --tolerate A,B      non-fatal errors that are no failure, as "mediaError/bufferStalledError"
  --serve DIR         serve DIR on a free port; URL is then a path in it
  --screenshot FILE   a picture of the page, shortly before the end
  --chromium FILE     the browser (/usr/bin/chromium)`;

const kPlayers = {
  hlsjs: 'hls.js/dist/hls.js',
  shaka: 'shaka-player/dist/shaka-player.compiled.debug.js',
  dashjs: 'dashjs/dist/modern/umd/dash.all.debug.js',
};

const kOptions = {
  player: { type: 'string' },
  'low-latency': { type: 'boolean', default: false },
  at: { type: 'string', multiple: true, default: [] },
  'max-seek-ms': { type: 'string', default: '3000' },
  'max-latency': { type: 'string', default: 'Infinity' },
  seconds: { type: 'string', default: '20' },
  'until-ended': { type: 'boolean', default: false },
  'start-timeout': { type: 'string', default: '20' },
  'min-levels': { type: 'string', default: '0' },
  switch: { type: 'string', default: '0' },
  'max-stall-ms': { type: 'string', default: '0' },
  tolerate: { type: 'string', default: '' },
  serve: { type: 'string' },
  screenshot: { type: 'string' },
  chromium: { type: 'string', default: process.env.CHROMIUM || '/usr/bin/chromium' },
};

function readOptions() {
  const { values, positionals } = parseArgs({ options: kOptions, allowPositionals: true });
  if (positionals.length !== 1) throw new Error('exactly one URL is needed');
  for (const name of ['seconds', 'start-timeout', 'min-levels', 'switch', 'max-stall-ms', 'max-seek-ms', 'max-latency']) {
    values[name] = Number(values[name]);
    if (!(values[name] >= 0)) throw new Error(`--${name} is not a number`);
  }
  if (!fs.existsSync(values.chromium)) throw new Error(`${values.chromium} is missing: apt-get install chromium`);
  const player = values.player || (/\.mpd(\?|$)/.test(positionals[0]) ? 'shaka' : 'hlsjs');
  if (!kPlayers[player]) throw new Error(`${player} is no player`);
  return { ...values, player, at: values.at.map(readAction), url: positionals[0], tolerate: values.tolerate.split(',').filter(Boolean) };
}

function readAction(text) {
  const parts = /^([\d.]+):(back|live|level)(?:=([\d.]+))?$/.exec(text);
  if (!parts || (parts[2] === 'live') !== (parts[3] === undefined)) throw new Error(`"${text}" is no action`);
  return { atSeconds: Number(parts[1]), kind: parts[2], value: Number(parts[3] || 0) };
}

// Playing from a stream's very beginning hls.js may take the time between the first decoding and the
// first presentation (two frames, with B-frames) for a hole, and says so as it steps over it. There
// was nothing to be seen before.
function isBeginning(error) {
  return error.type === 'mediaError/bufferSeekOverHole' && error.count === 1 &&
    /seeking from 0 to 0\.1\d*/.test(error.text);
}

// What a viewer would complain about, in sentences.
function judge(options, report) {
  const problems = [];
  if (report.firstFrameMs === null) problems.push('no frame was shown');
  for (const error of report.errors) {
    if (error.fatal) problems.push(`fatal error ${error.type}: ${error.text}`);
    else if (isBeginning(error)) continue;
    else if (!options.tolerate.includes(error.type)) problems.push(`error ${error.type} (${error.count} times): ${error.text}`);
  }
  if (report.stalls.ms > options['max-stall-ms']) problems.push(`${report.stalls.count} stalls, ${report.stalls.ms} ms`);
  for (const gap of report.gaps) {
    if (gap.seconds > 0.1) problems.push(`a gap of ${gap.seconds.toFixed(3)} s in the buffer at ${gap.from.toFixed(3)}`);
  }
  for (const jump of report.jumps) problems.push(`the position jumped from ${jump.from.toFixed(3)} to ${jump.to.toFixed(3)}`);
  const seen = new Set(report.levelsSeen.map((level) => level.index)).size;
  if (seen < options['min-levels']) problems.push(`${seen} quality levels were seen, not ${options['min-levels']}`);
  if (report.latencySeconds > options['max-latency']) problems.push(`${report.latencySeconds.toFixed(2)} s of latency`);
  if (report.actions.length < options.at.length) problems.push(`${report.actions.length} of ${options.at.length} actions were done`);
  report.actions.forEach((action, index) => problems.push(...judgeAction(options, report, action, report.actions[index + 1])));
  if (report.firstFrameMs !== null) problems.push(...judgeProgress(options, report));
  return problems;
}

function judgeAction(options, report, action, next) {
  const name = `${action.kind}${action.kind === 'live' ? '' : `=${action.value}`} at ${action.atMs} ms`;
  if (action.kind === 'level') {
    if (action.height === undefined) return [`${name}: there is no such level`];
    // What is shown counts, not what the player says; until the next change of the level.
    const until = next && next.kind === 'level' ? next.atMs : Infinity;
    const before = report.sizes.filter((size) => size.atMs < action.atMs).at(-1);
    const shown = report.sizes.filter((size) => size.atMs >= action.atMs && size.atMs < until);
    if ([before, ...shown].some((size) => size && size.height === action.height)) return [];
    return [`${name}: ${action.height} lines were never shown`];
  }
  if (action.tookMs === null) return [`${name}: the picture did not move again`];
  const problems = [];
  if (action.tookMs > options['max-seek-ms']) problems.push(`${name}: took ${action.tookMs} ms`);
  if (action.kind === 'back') {
    const wanted = Math.max(action.from - action.value, action.start);
    if (Math.abs(action.to - wanted) > 1) problems.push(`${name}: played from ${action.to.toFixed(2)}, not ${wanted.toFixed(2)}`);
  } else if (!(action.to > action.from)) {
    problems.push(`${name}: the position went from ${action.from.toFixed(2)} to ${action.to.toFixed(2)}`);
  }
  return problems;
}

function judgeProgress(options, report) {
  if (options['until-ended']) {
    if (!report.ended) return [`the end did not come within ${options.seconds} s`];
    if (report.progressedSeconds < report.duration - 0.75) {
      return [`${report.progressedSeconds.toFixed(2)} s of ${report.duration.toFixed(2)} s were played`];
    }
    return [];
  }
  if (report.ended) return [];
  const ratio = report.progressedSeconds / report.wallSeconds;
  return ratio >= 0.95 ? [] : [`the position moved ${report.progressedSeconds.toFixed(2)} s in ${report.wallSeconds.toFixed(2)} s`];
}

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

// Until played long enough, ended, dead, or not begun in time.
async function follow(page, options) {
  const begin = Date.now();
  const actions = [...options.at].sort((a, b) => a.atSeconds - b.atSeconds);
  let first = null;
  for (;;) {
    await pause(100);
    const state = await page.evaluate(() => window.watch.state());
    const now = Date.now();
    if (state.begun && first === null) first = now;
    if (state.fatal || state.ended) return;
    if (first === null && now - begin > options['start-timeout'] * 1000) return;
    if (first !== null && now - first > options.seconds * 1000) return;
    while (first !== null && actions.length > 0 && now - first >= actions[0].atSeconds * 1000) {
      await page.evaluate((action) => window.watch.act(action), actions.shift());
    }
  }
}

async function withBrowser(options, action) {
  const { chromium } = require('playwright-core');
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'weir-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: options.chromium,
    headless: true,
    chromiumSandbox: false,
    viewport: { width: 640, height: 360 },
    // No service of a browser's maker, no GPU, and sound without a click.
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync',
      '--disable-component-update', '--no-first-run', '--disable-quic',
      '--autoplay-policy=no-user-gesture-required'],
  });
  try {
    return await action(context.pages()[0] || await context.newPage());
  } finally {
    await context.close().catch(() => {});
    fs.rmSync(profile, { recursive: true, force: true });
  }
}

// Writes down what the network answered, beside what hls.js makes of it.
function watchNetwork(page) {
  const http = { requests: 0, failed: [] };
  page.on('response', (response) => {
    http.requests += 1;
    if (response.status() >= 400 && !response.url().endsWith('/favicon.ico')) http.failed.push(`${response.status()} ${response.url()}`);
  });
  page.on('requestfailed', (request) => {
    const text = request.failure()?.errorText;
    if (text !== 'net::ERR_ABORTED') http.failed.push(`${text} ${request.url()}`);
  });
  return http;
}

// The file's name, or why there is none: a page that hangs is a finding, not the harness's failure.
async function takePicture(page, file) {
  try {
    await page.screenshot({ path: file, timeout: 10000 });
    return file;
  } catch (error) {
    return `none: ${error.message.split('\n')[0]}`;
  }
}

async function main() {
  let options;
  try {
    options = readOptions();
  } catch (error) {
    console.error(`${error.message}\n${kUsage}`);
    return 2;
  }
  // Nothing may keep the caller waiting for ever.
  const limit = options.seconds + options['start-timeout'] + 60;
  setTimeout(() => { console.error(`play.mjs: not done after ${limit} s`); process.exit(2); }, limit * 1000).unref();
  const server = await startServer({
    folder: options.serve,
    files: {
      '/page.html': path.join(here, 'page.html'),
      '/watch.js': path.join(here, 'watch.js'),
      '/adapter.js': path.join(here, `adapter_${options.player}.js`),
      '/player.js': path.join(path.resolve(packages), 'node_modules', kPlayers[options.player]),
    },
  });
  const url = options.serve ? new URL(options.url, `${server.base}/`).href : options.url;
  try {
    const report = await withBrowser(options, async (page) => {
      const http = watchNetwork(page);
      await page.goto(`${server.base}/page.html`);
      await page.evaluate((o) => window.watch.start(o), {
        url, switchSeconds: options.switch, lowLatency: options['low-latency'], config: {},
      });
      await follow(page, options);
      const result = await page.evaluate(() => window.watch.report());
      if (options.screenshot) result.screenshot = await takePicture(page, options.screenshot);
      return { ...result, http };
    });
    const problems = judge(options, report);
    console.log(JSON.stringify({ ok: problems.length === 0, problems, url, ...report }, null, 1));
    return problems.length === 0 ? 0 : 1;
  } catch (error) {
    console.error(`play.mjs: ${error.stack || error}`);
    return 2;
  } finally {
    server.close();
  }
}

// An exception would exit with 1, which is to say that the stream plays badly.
process.exit(await main().catch((error) => {
  console.error(`play.mjs: ${error.stack || error}`);
  return 2;
}));
