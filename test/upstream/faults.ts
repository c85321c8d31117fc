import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FixtureModule, moduleZip, zipBomb } from './module.ts';

/** What an upstream may do wrong. */
export type UpstreamFault =
  /** Takes the request, then resets the connection. For a refused connection see `Upstream.down`. */
  | { kind: 'reset' }
  /** Takes the request and never answers. */
  | { kind: 'hang' }
  /** Answers late. */
  | { kind: 'delay'; ms: number }
  /** Sends the body in pieces of `bytes`, `ms` apart. */
  | { kind: 'drip'; bytes: number; ms: number }
  /** Says the true length, closes the connection after so many bytes of the body. */
  | { kind: 'truncate'; after: number }
  /** Says that the body has `length` bytes, sends all of it, closes the connection. */
  | { kind: 'wrong-length'; length: number }
  /** A well-formed answer whose body is the first `length` bytes only. */
  | { kind: 'cut'; length: number }
  /** Answers as if another module or version had been asked for. */
  | { kind: 'other'; path: string; version: string }
  /** Other bytes, well-formed: the zip has a file changed, `.mod` a comment more, `.info` another time. */
  | { kind: 'changed' }
  /** A zip that inflates to `bytes`, and may declare less; see zipBomb. */
  | { kind: 'bomb'; bytes: number; declared?: number }
  | { kind: 'status'; status: number; body?: string; headers?: Record<string, string> };

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

/** Sends `answer`, with the fault. Rejects when the client went away, which the caller ignores. */
export async function send(response: ServerResponse, answer: Answer, fault?: UpstreamFault): Promise<void> {
  const { status, headers } = answer;
  const body = fault?.kind === 'cut' ? answer.body.subarray(0, fault.length) : answer.body;
  const head = { ...headers, 'content-length': String(body.length) };
  switch (fault?.kind) {
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'hang':
      return;
    case 'delay':
      await sleep(fault.ms, undefined, { ref: false });
      break;
    case 'drip':
      response.writeHead(status, head);
      for (let at = 0; at < body.length && !response.destroyed; at += fault.bytes) {
        response.write(body.subarray(at, at + fault.bytes));
        await sleep(fault.ms, undefined, { ref: false });
      }
      response.end();
      return;
    case 'truncate':
      response.writeHead(status, head);
      response.write(body.subarray(0, fault.after), () => response.destroy());
      return;
    case 'wrong-length':
      response.writeHead(status, { ...head, 'content-length': String(fault.length), connection: 'close' });
      response.end(body);
      return;
  }
  response.writeHead(status, head);
  response.end(body);
}

/** The module as an upstream with changed bytes has it. */
export function changed(module: FixtureModule): FixtureModule {
  return {
    ...module,
    time: new Date(Date.parse(module.time) + 1000).toISOString().replace('.000Z', 'Z'),
    files: Object.fromEntries(
      Object.entries(module.files).map(([name, content]) => [
        name,
        Buffer.concat([Buffer.from(content), Buffer.from('\n// changed\n')]),
      ]),
    ),
  };
}

const bombs = new Map<string, Promise<Buffer>>();

/** The zip of the module under the fault. */
export function zipUnder(fault: UpstreamFault | undefined, module: FixtureModule): Promise<Buffer> {
  if (fault?.kind !== 'bomb') return moduleZip(module);
  const key = `${module.path}@${module.version} ${fault.bytes} ${fault.declared}`;
  const bomb = bombs.get(key) ?? zipBomb(module.path, module.version, fault.bytes, fault.declared);
  bombs.set(key, bomb);
  return bomb;
}
