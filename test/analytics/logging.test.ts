import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { payloadName } from '../../infra/cloud/analytics/schemas.ts';
import { createLoggingClient } from '../../services/analytics/logging/client.ts';
import { readEntry } from '../../services/analytics/logging/entries.ts';
import { createSender, type Sender, type Settled } from '../../services/analytics/logging/sender.ts';
import { openCloudLog } from '../../services/analytics/logging.ts';
import { tables } from '../../services/analytics/row.ts';
import { until } from '../e2e/until.ts';
import { line } from './contract.ts';
import { type Recorder, refusal, startRecorder } from './recorder.ts';

const project = 'acme';

interface Written {
  logName: string;
  resource: object;
  dryRun?: boolean;
  partialSuccess?: boolean;
  entries: { timestamp: string; insertId: string; jsonPayload: Record<string, unknown> }[];
}

let recorder: Recorder;
beforeEach(async () => {
  recorder = await startRecorder(() => ({}));
});
afterEach(() => recorder[Symbol.asyncDispose]());

const written = () => recorder.requests.map(({ body }) => body as Written).filter(({ dryRun }) => dryRun !== true);
const idsOf = ({ entries }: Written) => entries.map(({ insertId }) => insertId);

describe('a line of the request log', () => {
  it('becomes an entry of its time, with the columns that the sink’s table and the view know, and no others', () => {
    const entry = readEntry(line({ time: '2026-11-20T10:00:00.123Z', address: '192.0.2.1' }), 'id');
    expect(entry?.timestamp).toEqual({ seconds: Date.parse('2026-11-20T10:00:00Z') / 1000, nanos: 123_000_000 });
    const known = Object.entries(tables.downloads).filter(([name]) => name !== 'timestamp');
    const names = Object.keys(entry?.jsonPayload.fields ?? {}).map(name => name.toLowerCase());
    expect(names).toEqual(known.map(([name, column]) => payloadName(name, column)));
  });

  it.each([
    ['torn', line().slice(0, 60)],
    ['foreign', 'hello\n'],
    ['of something else', '{"time":"2026-11-20T10:00:00.000Z","message":"started"}\n'],
    ['of no module', line({ module: '' })],
    ['of the checksum database', line({ kind: 'sumdb' })],
    ['without a time', line({ time: 'yesterday' })],
    ['with a number for a name', line({ module: 7 })],
    ['null', 'null\n'],
  ])('that is %s is none', (_, text) => expect(readEntry(text, 'id')).toBeUndefined());
});

describe('the sender', () => {
  let settled: Settled[];
  beforeEach(() => {
    settled = [];
  });

  const start = (patience = { each: 2000, total: 20_000 }): Sender =>
    createSender({
      client: createLoggingClient(project, recorder.url),
      project,
      onSettled: each => settled.push(each),
      batchTime: 10,
      patience,
    });

  it('writes to the log that the sink reads, once for lines that come together, without asking for credentials', async () => {
    const sender = start();
    sender.push(line() + line({ version: 'v1.1.0' }));
    sender.push(line({ version: 'v1.2.0' }) + line({ kind: 'sumdb' }));
    await sender.drain();
    expect(recorder.requests).toHaveLength(1);
    const [{ method, path, headers }] = recorder.requests as [Recorder['requests'][number]];
    expect([method, path]).toEqual(['POST', '/v2/entries:write']);
    expect(headers.authorization).toBeUndefined();
    const [body] = written() as [Written];
    expect(body).toMatchObject({
      logName: 'projects/acme/logs/downloads',
      resource: { type: 'global', labels: { project_id: project } },
      partialSuccess: true,
    });
    const { timestamp, jsonPayload } = body.entries[0] ?? {};
    expect(Date.parse(timestamp ?? '')).toBe(Date.parse('2026-11-20T10:00:00Z'));
    expect(jsonPayload).toEqual({
      module: 'a.example/m',
      version: 'v1.0.0',
      kind: 'zip',
      status: 200,
      bytes: 10,
      cache: 'memory',
      country: '',
      client: 'go',
      clientVersion: '2.0',
      ci: false,
      durationMs: 0.12,
    });
    expect(body.entries.map(({ jsonPayload }) => jsonPayload.version)).toEqual(['v1.0.0', 'v1.1.0', 'v1.2.0']);
    expect(settled).toEqual([{ chars: line().length * 3 + line({ kind: 'sumdb' }).length, lines: 4, dropped: 0 }]);
  });

  it('keeps requests and entries far below the API’s limits, and says what it drops for that', async () => {
    const sender = start();
    const huge = line({ module: `a.example/${'m'.repeat(200_000)}` });
    sender.push(huge + line().repeat(5000) + huge);
    await sender.drain();
    const all = written();
    expect(all.flatMap(({ entries }) => entries)).toHaveLength(5000);
    for (const body of all) {
      expect(body.entries.length).toBeLessThanOrEqual(1000);
      expect(JSON.stringify(body).length).toBeLessThan(5e6);
    }
    expect(settled.reduce((sum, { lines }) => sum + lines, 0)).toBe(5002);
    expect(settled.reduce((sum, { dropped }) => sum + dropped, 0)).toBe(2);
  });

  it.each([429, 503])('tries again after a %i, with the same ids, which no two entries share', async status => {
    let asked = 0;
    recorder.answer = () => (++asked <= 2 ? refusal(status) : {});
    const sender = start();
    sender.push(line() + line());
    await sender.drain();
    const [first, second, third] = written() as [Written, Written, Written];
    expect(new Set(idsOf(first)).size).toBe(2);
    expect(idsOf(second)).toEqual(idsOf(first));
    expect(third).toEqual(first);
    expect(settled).toMatchObject([{ lines: 2, dropped: 0 }]);
    expect(settled[0]?.failure).toBeUndefined();
  });

  it('takes up again what hangs, and gives up within its time', async () => {
    recorder.answer = () => 'hang';
    const sender = start({ each: 100, total: 800 });
    sender.push(line());
    await sender.drain();
    expect(written().length).toBeGreaterThan(1);
    expect(settled).toEqual([
      { chars: line().length, lines: 1, dropped: 1, failure: expect.stringContaining('not answer in time') },
    ]);
  });

  it('drops what is refused for good at once, and says what to do', async () => {
    recorder.answer = () => refusal(403, 'forbidden');
    const sender = start();
    sender.push(line());
    await sender.drain();
    expect(written()).toHaveLength(1);
    expect(settled).toMatchObject([{ dropped: 1, failure: expect.stringContaining('roles/logging.logWriter') }]);
  });

  it('has no more than four requests under way, however much waits', async () => {
    let [now, most] = [0, 0];
    recorder.answer = async () => {
      most = Math.max(most, ++now);
      await new Promise(resolve => setTimeout(resolve, 50));
      now--;
      return {};
    };
    const sender = start();
    for (let i = 0; i < 12; i++) sender.push(line().repeat(1000));
    await sender.drain();
    expect(written().flatMap(({ entries }) => entries)).toHaveLength(12_000);
    expect(most).toBe(4);
  });
});

describe('the download log in Cloud Logging', () => {
  const fail = (error: Error) => {
    throw error;
  };
  const open = (onError: (error: Error) => void = fail) => openCloudLog({ project, endpoint: recorder.url, onError });

  it('asks at the start, without writing anything, whether it may write', async () => {
    const log = await open();
    expect(recorder.requests.map(({ body }) => (body as Written).dryRun)).toEqual([true]);
    await log.close();
    expect(written()).toEqual([]);
  });

  it.each([
    [403, 'roles/logging.logWriter'],
    [404, 'there is no project acme: correct ANALYTICS'],
  ])('that is refused with %i at the start says what to do', async (status, sentence) => {
    recorder.answer = () => refusal(status);
    await expect(open()).rejects.toMatchObject({ kind: 'unavailable', message: expect.stringContaining(sentence) });
  });

  it.each<[string, Recorder['answer'], string]>([
    ['refuses for now', () => refusal(503), 'can’t be reached, or fails'],
    ['takes no more', () => refusal(429), 'quota of project acme'],
    ['hangs', () => 'hang', 'does not answer in time'],
    ['is another server', () => ({ html: '<html>' }), 'can’t be reached, or fails'],
  ])(
    'that %s at the start holds nothing up, is told by readiness and once to who logs, until it is over',
    async (_, answer, sentence) => {
      const told: string[] = [];
      recorder.answer = answer;
      const from = performance.now();
      const log = await open(({ message }) => told.push(message));
      expect(performance.now() - from).toBeLessThan(8000);
      await expect(log.ready()).rejects.toMatchObject({
        kind: 'unavailable',
        message: expect.stringContaining(sentence),
      });
      expect(told).toEqual([expect.stringContaining(sentence)]);
      recorder.answer = () => ({});
      await until('it is over', () =>
        log.ready().then(
          () => true,
          () => false,
        ),
      );
      await log.close();
      expect(told).toHaveLength(1);
    },
    40_000,
  );

  it('hands over at the end what it was given, and counts once what it could not', async () => {
    const log = await open();
    log.write(line().repeat(10));
    const from = performance.now();
    await log.close();
    expect(performance.now() - from).toBeLessThan(2500);
    expect(written().flatMap(({ entries }) => entries)).toHaveLength(10);
    expect(log.dropped).toBe(0);
    log.write(line());
    expect(log.dropped).toBe(1);
  });

  it('starts while Cloud Logging hangs, takes lines up to a bound at once, counts the others, and ends in time', async () => {
    recorder.answer = () => 'hang';
    const told: string[] = [];
    const log = await open(({ message }) => told.push(message));
    const some = line().repeat(1000);
    const from = performance.now();
    for (let i = 0; i < 200; i++) log.write(some);
    expect(performance.now() - from).toBeLessThan(1000);
    const kept = Math.floor((16 << 20) / some.length) * 1000;
    expect(log.dropped).toBe(200_000 - kept);
    await log.close();
    expect(log.dropped).toBe(200_000);
    expect(told).toEqual([
      'Cloud Logging does not answer in time',
      `${kept} lines of the download log are lost: Cloud Logging has not taken them before the end`,
    ]);
    expect(performance.now() - from).toBeLessThan(6000);
  });

  it('tells of a refusal, and that it is over', async () => {
    const told: Error[] = [];
    const log = await open(error => told.push(error));
    recorder.answer = () => refusal(403);
    log.write(line());
    await until('it is counted', () => log.dropped === 1);
    await expect(log.ready()).rejects.toThrow('roles/logging.logWriter');
    log.write(line());
    await until('it is counted', () => log.dropped === 2);
    expect(told).toHaveLength(1);
    recorder.answer = () => ({});
    log.write(line());
    await until('it is written', () =>
      log.ready().then(
        () => true,
        () => false,
      ),
    );
    expect(log.dropped).toBe(2);
    await log.close();
  });

  it('takes more than its process is given at once, and loses none of it', async () => {
    const log = await open();
    for (let i = 0; i < 200; i++) log.write(line({ bytes: i }).repeat(50));
    const entries = () => written().flatMap(({ entries }) => entries);
    await until('all is written', () => entries().length === 10_000);
    expect(new Set(entries().map(({ jsonPayload }) => jsonPayload.bytes)).size).toBe(200);
    await log.close();
    expect(log.dropped).toBe(0);
  });

  it('whose process dies counts what that had, tells of it, and goes on by itself', async () => {
    const told: Error[] = [];
    const log = await open(error => told.push(error));
    recorder.answer = () => 'hang';
    log.write(line().repeat(2000));
    await until('it is on its way', () => written().length > 0);
    process.kill(log.pid ?? 0, 'SIGKILL');
    await until('it is counted', () => log.dropped === 2000);
    expect(told).toHaveLength(1);
    recorder.answer = () => ({});
    await until('it goes on', () =>
      log.ready().then(
        () => true,
        () => false,
      ),
    );
    log.write(line());
    await log.close();
    expect(log.dropped).toBe(2000);
  });
});
