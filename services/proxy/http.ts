import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Fault } from '../errors.ts';

/** GOPROXYs that a request may come through; more is a loop. */
const maxHops = 5;

/** Throws the fault of a request that is refused before its address is looked at; `wait` is the rate limiter's answer. */
export function checkRequest(req: IncomingMessage, res: ServerResponse, wait: number): void {
  if (req.method !== 'GET' && req.method !== 'HEAD') {
    res.setHeader('Allow', 'GET, HEAD');
    throw new Fault('method', `${req.method} is not served here, only GET and HEAD`);
  }
  const hosts = hostsOf(req);
  if (hosts > 1 || (hosts === 0 && req.httpVersion === '1.1')) {
    throw new Fault('invalid', `the header Host is ${hosts === 0 ? 'missing' : 'given twice'}`); // RFC 9112, section 3.2
  }
  if (wait > 0) throw new Fault('rate-limited', 'this client sends too many requests', { retryAfter: wait });
  if (hopsOf(req) >= maxHops) throw new Fault('loop', `the request has come through ${maxHops} repositories`);
}

/** How often the header Host is given: of several, `headers` has the first only. */
export const hostsOf = ({ rawHeaders }: IncomingMessage) =>
  rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length;

/** GOPROXYs of this kind that the request has come through. */
export function hopsOf(req: IncomingMessage): number {
  const header = req.headers['gocenter-hops'];
  return typeof header === 'string' && /^\d{1,2}$/.test(header) ? Number(header) : 0;
}

/** Requests that a connection may send ahead of their answers. Neither go nor browsers send more than one. */
const maxAhead = 100;

/**
 * Says whether a connection has sent too many requests ahead, and then cuts it: Node answers all that it has read, and
 * keeps the answers for as long as the client takes none.
 */
export function createAheadLimit(): (req: IncomingMessage, res: ServerResponse) => boolean {
  const unanswered = new WeakMap<Socket, number>();
  return ({ socket }, res) => {
    const ahead = (unanswered.get(socket) ?? 0) + 1;
    unanswered.set(socket, ahead);
    res.once('close', () => unanswered.set(socket, (unanswered.get(socket) ?? 1) - 1));
    if (ahead > maxAhead) socket.destroy();
    return socket.destroyed;
  };
}

/** Answers CONNECT, for which Node has no response object, and closes. */
export function refuseConnect(_req: IncomingMessage, socket: Duplex): void {
  answerRaw(socket, '405 Method Not Allowed\r\nAllow: GET, HEAD', 'method not allowed: this is no tunnel\n');
}

/** Answers what Node's parser refuses before there is a request: RFC 9112. */
export function answerMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  const [status, text]: [string, string] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ['431 Request Header Fields Too Large', 'bad request: the headers are larger than 16 KiB\n']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['408 Request Timeout', 'timed out: the request did not arrive in time\n']
        : ['400 Bad Request', 'bad request: this is not well-formed HTTP\n'];
  answerRaw(socket, status, text);
}

function answerRaw(socket: Duplex, status: string, text: string): void {
  const head = `Content-Type: text/plain; charset=utf-8\r\nContent-Length: ${text.length}\r\nConnection: close`;
  socket.end(`HTTP/1.1 ${status}\r\n${head}\r\n\r\n${text}`);
}
