// SPDX-License-Identifier: MIT
// A small static web server on a free port of the loopback interface: named files, and optionally a
// folder. Answers with CORS and ranges, as any server of recorded media would.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';

const kTypes = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.m3u8': 'application/vnd.apple.mpegurl',
  '.ts': 'video/mp2t',
  '.m4s': 'video/iso.segment',
  '.mpd': 'application/dash+xml',
  '.mp4': 'video/mp4',
};

// files: {'/name': 'path of the file'}; folder: what lies below it is served too.
export function startServer({ files = {}, folder = null }) {
  const root = folder && path.resolve(folder);
  const server = http.createServer((request, response) => {
    const name = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
    const file = files[name] || (root && inside(root, name));
    answer(request, response, file);
  });
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => resolve({
      base: `http://127.0.0.1:${server.address().port}`,
      close() { server.close(); server.closeAllConnections(); },
    }));
  });
}

function inside(root, name) {
  const file = path.join(root, path.normalize(name));
  return file.startsWith(root + path.sep) ? file : null;
}

function answer(request, response, file) {
  const headers = { 'Access-Control-Allow-Origin': '*', 'Accept-Ranges': 'bytes', 'Cache-Control': 'no-cache' };
  let size = -1;
  try {
    const stat = fs.statSync(file);
    if (stat.isFile()) size = stat.size;
  } catch { /* also when file is null */ }
  if (size < 0) return response.writeHead(404, headers).end();
  headers['Content-Type'] = kTypes[path.extname(file)] || 'application/octet-stream';
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range || '');
  let [start, end, status] = [0, size - 1, 200];
  if (range) {
    start = Number(range[1]);
    end = range[2] ? Math.min(Number(range[2]), end) : end;
    if (start > end) return response.writeHead(416, { ...headers, 'Content-Range': `bytes */${size}` }).end();
    headers['Content-Range'] = `bytes ${start}-${end}/${size}`;
    status = 206;
  }
  response.writeHead(status, { ...headers, 'Content-Length': end - start + 1 });
  if (size === 0) return response.end();
  const stream = fs.createReadStream(file, { start, end });
  stream.on('error', () => response.destroy());
  stream.pipe(response);
}
