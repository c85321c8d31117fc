import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { Access } from './access.ts';
import type { HotCache, HotObject } from './hot.ts';
import type { RateLimiter } from './rate.ts';
import type { RequestLog } from './request-log.ts';
import type { RequestStats } from './stats.ts';
import { countryHeader } from './visitor.ts';

/**
 * The shortest way, in front of Node's HTTP parser: a connection starts here and stays while every chunk that it sends
 * is one whole GET of a hot object without anything that could change the answer. All else (a condition, a range,
 * credentials, part of a request, two at once, another spelling) hands the connection over to the HTTP server for good,
 * with the bytes read so far. So nothing is decided here but "this is surely a hot hit".
 *
 * The reason is speed: parsing into request and response objects costs more than half of a hot answer.
 */
export interface Front {
  /** From now on connections are the HTTP server's; those that wait here for a request are closed. */
  close(): void;
}

export interface FrontDeps {
  hot: HotCache;
  access: Access;
  limiter: RateLimiter;
  requestLog: RequestLog;
  stats: RequestStats;
  /** The client that a request counts for, given its X-Forwarded-For. */
  client(socket: Socket, forwardedFor: string | undefined): string;
  /** Who asks, for the log. */
  visitor(userAgent: string | undefined, country: string | undefined): string;
}

/** Who sends requests without anything weighty in their headers: the key of their rate, and their description. */
interface Plain {
  client: string;
  visitor: string;
}

const maxRequest = 4096;
/** Bodies up to this size are written with their head as one string, which is one system call without a copy. */
const maxText = 4096;
/** A connection writes this many bytes at a time, so that large answers share the process fairly: without, the slowest
 * hundredth of 2 MB zips took twice as long. */
const slice = 512 * 1024;

/** What follows the target of a well-formed HTTP/1.1 request without a body. RFC 9112, sections 3 and 5. */
const wellFormed = /^ HTTP\/1\.1\r\n(?:[!#$%&'*+.^_`|~0-9a-z-]+:[\t\x20-\x7e]*\r\n)+\r\n$/i;
/** Headers that could change the answer, or mean that more is to come. */
const weighty =
  /\r\n(?:range|if-[a-z-]+|authorization|content-length|transfer-encoding|expect|upgrade|te|trailer|gocenter-hops):|\r\nconnection:(?![\t ]*keep-alive[\t ]*\r)/i;

export function createFront(server: Server, deps: FrontDeps): Front {
  const { hot, access, limiter, requestLog, stats } = deps;
  // An http.Server takes over any socket for which its own listener is called ('connection' event, documentation).
  const accept = server.listeners('connection') as ((socket: Socket) => void)[];
  const waiting = new Set<Socket>();
  /** What is left of the large answers under way. */
  const unsent = new Map<Socket, Buffer>();
  const date = createDate();
  let open = access.open;

  function answer(socket: Socket, object: HotObject): void {
    object.head ??= headOf(object.headers, server.keepAliveTimeout);
    if (object.body.length <= maxText) {
      object.text ??= object.body.toString('latin1');
      socket.write(`${object.head}${date()}\r\n\r\n${object.text}`, 'latin1');
      return;
    }
    const now = date();
    if (object.stamped?.date !== now) {
      object.stamped = { date: now, head: Buffer.from(`${object.head}${now}\r\n\r\n`, 'latin1') };
    }
    socket.cork(); // one system call for both
    socket.write(object.stamped.head);
    unsent.set(socket, object.body);
    send(socket);
    socket.uncork();
  }

  /** Writes the next slice of what is left for `socket`, and goes on when others have had their turn. */
  function send(socket: Socket): void {
    const body = unsent.get(socket);
    if (body === undefined) return;
    const next = () => send(socket);
    const taken = socket.write(body.subarray(0, slice));
    if (body.length <= slice) {
      unsent.delete(socket);
      return;
    }
    unsent.set(socket, body.subarray(slice));
    if (taken) setImmediate(next);
    else socket.once('drain', next);
  }

  /** Writes all that is left, since from now on somebody else writes to `socket`. */
  function finish(socket: Socket): void {
    const body = unsent.get(socket);
    if (body === undefined) return;
    unsent.delete(socket);
    socket.write(body);
  }

  /** Answers a chunk that is one plain request for a hot object; says whether it was. */
  function serve(socket: Socket, chunk: Buffer, plain: (rest: string) => Plain | undefined): boolean {
    if (!open || chunk.length > maxRequest || socket.writableLength > 0 || unsent.has(socket)) return false;
    const started = performance.now();
    const text = chunk.toString('latin1');
    const end = text.indexOf(' ', 4);
    if (end < 0 || !text.startsWith('GET /')) return false;
    const who = plain(text.slice(end));
    if (who === undefined) return false;
    const object = hot.get(text.slice(4, end));
    if (object === undefined || object.private || limiter.take(who.client) > 0) return false;
    answer(socket, object);
    const duration = performance.now() - started;
    requestLog.writeHot(object, duration, who.visitor);
    stats.countHot(object, duration);
    return true;
  }

  function start(socket: Socket): void {
    if (!open) {
      handOver(socket);
      return;
    }
    // A client sends the same headers again and again: they are looked at when they change.
    let last = '';
    let who: Plain | undefined;
    const plain = (rest: string) => {
      if (rest === last) return who;
      if (!wellFormed.test(rest) || weighty.test(rest) || rest.match(/\r\nhost:/gi)?.length !== 1) return undefined;
      if ((rest.match(/\r\nx-forwarded-for:/gi)?.length ?? 0) > 1) return undefined;
      const value = (name: string) => new RegExp(`\r\n${name}:[\t ]*([^\r]*)`, 'i').exec(rest)?.[1];
      who = {
        client: deps.client(socket, value('x-forwarded-for')),
        visitor: deps.visitor(value('user-agent'), value(countryHeader)),
      };
      last = rest;
      return who;
    };
    const onData = (chunk: Buffer) => {
      if (serve(socket, chunk, plain)) return;
      finish(socket);
      leave();
      socket.pause();
      socket.unshift(chunk);
      handOver(socket);
      socket.resume();
    };
    const onEnd = () => {
      finish(socket);
      socket.end();
    };
    const onGone = () => void socket.destroy();
    const onClose = () => {
      waiting.delete(socket);
      unsent.delete(socket);
    };
    const leave = () => {
      socket.off('data', onData).off('end', onEnd).off('timeout', onGone).off('error', onGone).off('close', onClose);
      socket.setTimeout(0);
      onClose();
    };
    waiting.add(socket);
    socket.setTimeout(server.keepAliveTimeout);
    socket.on('data', onData).on('end', onEnd).on('timeout', onGone).on('error', onGone).on('close', onClose);
  }

  function handOver(socket: Socket): void {
    for (const listener of accept) listener.call(server, socket);
  }

  server.removeAllListeners('connection');
  server.on('connection', start);
  return {
    close() {
      open = false;
      for (const socket of waiting) {
        finish(socket);
        socket.destroySoon(); // what is being written is written first
      }
    },
  };
}

function headOf(headers: readonly string[], keepAlive: number): string {
  let lines = 'HTTP/1.1 200 OK\r\n';
  for (let i = 0; i + 1 < headers.length; i += 2) lines += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return `${lines}Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keepAlive / 1000)}\r\nDate: `;
}

/** The time for the header Date, made once a second. */
function createDate(): () => string {
  let text = '';
  let second = 0;
  return () => {
    const now = Math.floor(Date.now() / 1000);
    if (now !== second) {
      second = now;
      text = new Date(now * 1000).toUTCString();
    }
    return text;
  };
}
