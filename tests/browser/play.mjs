#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// Plays one HLS URL with hls.js in headless Chromium and prints one JSON report.
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

const kOptions = {
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
  for (const name of ['seconds', 'start-timeout', 'min-levels', 'switch', 'max-stall-ms']) {
    values[name] = Number(values[name]);
    if (!(values[name] >= 0)) throw new Error(`--${name} is not a number`);
  }
  if (!fs.existsSync(values.chromium)) throw new Error(`${values.chromium} is missing: apt-get install chromium`);
  return { ...values, url: positionals[0], tolerate: values.tolerate.split(',').filter(Boolean) };
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
  if (report.firstFrameMs !== null) problems.push(...judgeProgress(options, report));
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
  let first = null;
  for (;;) {
    await pause(100);
    const state = await page.evaluate(() => window.watch.state());
    const now = Date.now();
    if (state.begun && first === null) first = now;
    if (state.fatal || state.ended) return;
    if (first === null && now - begin > options['start-timeout'] * 1000) return;
    if (first !== null && now - first > options.seconds * 1000) return;
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
      '/hls.js': require.resolve('hls.js/dist/hls.js'),
    },
  });
  const url = options.serve ? new URL(options.url, `${server.base}/`).href : options.url;
  try {
    const report = await withBrowser(options, async (page) => {
      const http = watchNetwork(page);
      await page.goto(`${server.base}/page.html`);
      await page.evaluate((o) => window.watch.start(o), { url, switchSeconds: options.switch, config: {} });
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
