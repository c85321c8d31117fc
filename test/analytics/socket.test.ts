import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { analyticsFiles, openForCommand } from '../../services/analytics/open.ts';
import { openAnalyticsProcess } from '../../services/analytics/process.ts';
import { connectAnalytics, serveAnalytics } from '../../services/analytics/socket.ts';
import { line, november } from './contract.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'socket-'));
  path = join(folder, 'a.sock');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const fail = (error: Error) => {
  throw error;
};
const analytics = {
  ask: async () => [{ all: 1, people: 1 }],
  exportParquet: async () => {},
  ready: async () => {},
} as unknown as Parameters<typeof serveAnalytics>[0];

describe('the socket of the analytics', () => {
  it('is its user’s alone', async () => {
    const served = await serveAnalytics(analytics, path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await served.close();
  });

  it('that a process left behind is nobody, and is replaced by the next one', async () => {
    writeFileSync(path, '');
    expect(await connectAnalytics(path)).toBeUndefined();
    const served = await serveAnalytics(analytics, path);
    expect(await (await connectAnalytics(path))?.ask('total', november)).toEqual([{ all: 1, people: 1 }]);
    await served.close();
    expect(await connectAnalytics(path)).toBeUndefined();
  });

  it('with a path that no system takes is refused with a sentence', async () => {
    const deep = join(folder, 'x'.repeat(120));
    await expect(serveAnalytics(analytics, deep)).rejects.toMatchObject({ kind: 'invalid' });
  });

  it('offers what it offers and no more', async () => {
    const served = await serveAnalytics({ ...analytics, close: fail } as never, path);
    const { request } = await import('node:http');
    const body = JSON.stringify({ method: 'close', parameters: [] });
    const answered = await new Promise<string>((resolve, reject) => {
      const headers = { 'content-length': body.length };
      const asked = request({ socketPath: path, method: 'POST', headers, agent: false }, async response => {
        resolve(String(await response.setEncoding('utf8').toArray()));
      });
      asked.on('error', reject).end(body);
    });
    expect(JSON.parse(answered)).toMatchObject({ kind: 'invalid' });
    await served.close();
  });

  it('whose process goes away in the middle is a fault, not an answer', async () => {
    let asked = 0;
    const server = createServer((request, response) => {
      request.resume();
      asked += 1;
      if (asked === 1) response.end('{"value":null}');
      else request.socket.destroy();
    });
    await new Promise<void>(resolve => server.listen(path, resolve));
    const connected = await connectAnalytics(path);
    await expect(connected?.ask('total', november)).rejects.toMatchObject({ kind: 'unavailable' });
    await new Promise(resolve => server.close(resolve));
  });
});

describe('analytics for a command', () => {
  const config = () => ({ DATA_DIR: folder, DOWNLOADS_KEPT: 4e10 });
  const total = async () => {
    const opened = await openForCommand(config(), fail, 200);
    try {
      return (await opened.ask('total', november))[0]?.all;
    } finally {
      await opened.close();
    }
  };

  it('are the database’s, with what the spool holds, while no service has it open', async () => {
    const { spool } = analyticsFiles(folder);
    expect(await total()).toBe(0);
    writeFileSync(join(spool, '2026-a.ndjson'), line());
    expect(await total()).toBe(1);
  });

  it('are those of the services while they run; afterwards the database’s again, although their socket is left', async () => {
    const { file, spool, socket } = analyticsFiles(folder);
    const running = await openAnalyticsProcess({ file, spool, interval: 0, kept: 4e10, onError: fail });
    writeFileSync(join(spool, '2026-a.ndjson'), line());
    expect(await total()).toBe(0); // it has not looked
    await running.take();
    expect(await total()).toBe(1);
    await running.close();
    expect(statSync(socket).isSocket()).toBe(true);
    expect(await total()).toBe(1);
  });

  it('say who has the database, when that does not answer in time', async () => {
    const { file, spool, socket } = analyticsFiles(folder);
    const running = await openAnalyticsProcess({ file, spool, interval: 0, kept: 4e10, onError: fail });
    rmSync(socket);
    await expect(total()).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining(`PID ${running.pid}`),
    });
    await running.close();
  });
});
