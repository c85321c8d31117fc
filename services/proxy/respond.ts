import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Something that can be sent whole or in part. */
export interface Resource {
  contentType: string;
  cacheControl: string;
  /** Bytes. */
  size: number;
  /** Without quotes. */
  etag: string;
  lastModified: Date | undefined;
  /** The bytes from `start` to `end`, both inclusive. */
  open(start: number, end: number): Promise<Readable | Buffer>;
}

/** The headers of a whole answer, flat as `writeHead` takes them. */
export function resourceHeaders(resource: Resource): string[] {
  const headers = [
    'Content-Type',
    resource.contentType,
    'Content-Length',
    String(resource.size),
    'Cache-Control',
    resource.cacheControl,
    'ETag',
    `"${resource.etag}"`,
    'Accept-Ranges',
    'bytes',
  ];
  if (resource.lastModified !== undefined) headers.push('Last-Modified', resource.lastModified.toUTCString());
  return headers;
}

/**
 * Sends the resource: 200, 206 or 416 for one range, 304 when the client has it. RFC 9110, sections 13 and 14.
 * Several ranges, and ranges of other units, are answered with the whole, as the section allows.
 * Resolves to the body bytes written, when the answer has been handed over; throws when the body fails.
 */
export async function respond(req: IncomingMessage, res: ServerResponse, resource: Resource): Promise<number> {
  const { size } = resource;
  if (preconditionFails(req, resource)) {
    const text = 'precondition failed: what is here is another than the request allows\n';
    res.writeHead(412, ['Content-Type', 'text/plain; charset=utf-8', 'Content-Length', String(text.length)]);
    res.end(req.method === 'HEAD' ? undefined : text);
    return text.length;
  }
  if (notModified(req, resource)) {
    res.writeHead(304, ['ETag', `"${resource.etag}"`, 'Cache-Control', resource.cacheControl]);
    res.end();
    return 0;
  }
  const range = wantedRange(req, resource);
  if (range === 'unsatisfiable') {
    const text = `bad request: the range lies outside of the ${size} bytes\n`;
    res.writeHead(416, ['Content-Type', 'text/plain; charset=utf-8', 'Content-Range', `bytes */${size}`]);
    res.end(req.method === 'HEAD' ? undefined : text);
    return text.length;
  }
  const { start, end } = range ?? { start: 0, end: size - 1 };
  const headers = resourceHeaders(resource);
  if (range !== undefined) {
    headers[3] = String(end - start + 1);
    headers.push('Content-Range', `bytes ${start}-${end}/${size}`);
  }
  const status = range === undefined ? 200 : 206;
  if (req.method === 'HEAD' || size === 0) {
    res.writeHead(status, headers);
    res.end();
    return 0;
  }
  const body = await resource.open(start, end);
  res.writeHead(status, headers);
  if (Buffer.isBuffer(body)) {
    res.end(body);
  } else {
    await pipeline(body, res);
  }
  return end - start + 1;
}

/** RFC 9110, section 13.1.1 (strong comparison) and 13.1.4, in the order of 13.2.2. */
function preconditionFails(req: IncomingMessage, resource: Resource): boolean {
  const tags = req.headers['if-match'];
  if (tags !== undefined) {
    return tags.trim() !== '*' && !tags.split(',').some(tag => tag.trim() === `"${resource.etag}"`);
  }
  const before = req.headers['if-unmodified-since'];
  if (before === undefined || resource.lastModified === undefined) return false;
  return Math.floor(resource.lastModified.getTime() / 1000) * 1000 > Date.parse(before);
}

/** RFC 9110, section 13.1.2 (weak comparison) and 13.1.3, in the order of 13.2.2. */
function notModified(req: IncomingMessage, resource: Resource): boolean {
  const tags = req.headers['if-none-match'];
  if (tags !== undefined) {
    return tags.trim() === '*' || tags.split(',').some(tag => tag.trim().replace(/^W\//, '') === `"${resource.etag}"`);
  }
  const since = req.headers['if-modified-since'];
  if (since === undefined || resource.lastModified === undefined) return false;
  return Math.floor(resource.lastModified.getTime() / 1000) * 1000 <= Date.parse(since);
}

function wantedRange(req: IncomingMessage, resource: Resource) {
  const header = req.headers.range;
  if (header === undefined || req.method !== 'GET' || !rangeHolds(req, resource)) return undefined;
  const [, from, to] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header.replaceAll(' ', '')) ?? [];
  if (from === undefined || to === undefined || from + to === '') return undefined;
  const last = resource.size - 1;
  const start = from === '' ? Math.max(0, resource.size - Number(to)) : Number(from);
  const end = from === '' || to === '' ? last : Math.min(last, Number(to));
  if (from !== '' && to !== '' && Number(to) < Number(from)) return undefined; // invalid, so ignored
  if (start > last || (from === '' && Number(to) === 0)) return 'unsatisfiable';
  return { start, end };
}

/** If-Range, section 13.1.5: a strong tag or an exact date, else the whole is sent. */
function rangeHolds(req: IncomingMessage, resource: Resource): boolean {
  const condition = req.headers['if-range'];
  if (typeof condition !== 'string') return true;
  if (condition.startsWith('"')) return condition === `"${resource.etag}"`;
  return resource.lastModified !== undefined && condition === resource.lastModified.toUTCString();
}
