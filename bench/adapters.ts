import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { schema } from '../services/config.ts';
import { createPubsubMessaging } from '../services/messaging/pubsub.ts';
import { startService } from '../test/e2e/service.ts';
import { type BackendKind, backendKinds, startBackends } from '../test/emulators/backends.ts';
import { startUpstream, syntheticModule } from '../test/upstream/index.ts';
import { type Cold, measureCold } from './cold.ts';
import { medians } from './statistics.ts';

/**
 * `npm run bench:adapters`: what the adapters of Google Cloud cost, on emulators (needs Go). How much later a version that is
 * not here is served than on the embedded ones, and how many messages a second one processor's subscription takes with
 * a handler that does nothing. Prints; asserts nothing.
 */

const warming = 20;
const rounds = 15;
const perRound = 10;
const messages = 10_000;
const waiting = 200;
const concurrency = schema.PROCESSOR_CONCURRENCY.parse(schema.PROCESSOR_CONCURRENCY.default ?? '');

interface Subject extends AsyncDisposable {
  /** Measures the next versions. */
  measure(count: number): Promise<Cold>;
}

async function start(kind: BackendKind): Promise<Subject> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'bench-adapters-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const backends = stack.use(await startBackends(kind));
  const modules = Array.from({ length: warming + rounds * perRound }, (_, i) =>
    syntheticModule(`example.com/m${i}`, 'v1.0.0', 18_000),
  );
  const upstream = await startUpstream({ modules });
  stack.defer(() => upstream.close());
  const settings = { ...backends.settings, DATA_DIR: folder, UPSTREAM: upstream.url, SUMDB: 'off', RATE_LIMIT: '0' };
  const service = await startService(settings);
  stack.defer(async () => void (await service.stop()));
  const kept = stack.move();
  return {
    measure: count => measureCold(service.url, upstream.url, modules.splice(0, count)),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** The kinds in turn, so that what else the machine does falls on all of them. */
async function measurePublishing(): Promise<Map<BackendKind, Cold>> {
  await using stack = new AsyncDisposableStack();
  const subjects = new Map<BackendKind, Subject>();
  for (const kind of backendKinds) subjects.set(kind, stack.use(await start(kind)));
  const samples = new Map<BackendKind, Cold[]>(backendKinds.map(kind => [kind, []]));
  for (const subject of subjects.values()) await subject.measure(warming);
  for (let round = 0; round < rounds; round++) {
    for (const [kind, subject] of subjects) samples.get(kind)?.push(await subject.measure(perRound));
  }
  return new Map([...samples].map(([kind, each]) => [kind, medians(each)]));
}

/** Messages a second, from the first that is handled to the last, while never more than `waiting` are on their way. */
async function measureMessages(): Promise<number> {
  await using backends = await startBackends('files and Pub/Sub');
  const { address = '', project = '' } = backends.messaging ?? {};
  const place = { project, emulator: address, reads: ['processor'] as const };
  const messaging = await createPubsubMessaging({ ...place, maxAttempts: 5, lease: 30_000 });
  const { promise, resolve } = Promise.withResolvers<void>();
  let begun = 0;
  let published = 0;
  let handled = 0;
  async function publish(): Promise<void> {
    if (published === messages) return;
    await messaging.publish('module.requested', {
      v: 1,
      module: 'example.com/module',
      version: `v1.${published++}.0`,
      by: 'proxy',
      requestedAt: new Date().toISOString(),
    });
  }
  messaging.subscribe(
    'processor',
    async () => {
      if (handled++ === 0) begun = performance.now();
      if (handled === messages) resolve();
      publish().catch(error => console.error(error));
    },
    { concurrency },
  );
  await Promise.all(Array.from({ length: waiting }, publish));
  await promise;
  const rate = messages / ((performance.now() - begun) / 1000);
  await messaging.close();
  return rate;
}

const costs = await measurePublishing();
const embedded = costs.get('embedded')?.viaServer ?? Number.NaN;
console.log(`from the first request of a version to its last byte, ms at the median of ${rounds * perRound}:`);
for (const [kind, { viaServer, direct }] of costs) {
  const more = kind === 'embedded' ? '' : `, ${(viaServer - embedded).toFixed(1)} more than embedded`;
  console.log(`  ${kind}: ${viaServer.toFixed(1)}, straight from the upstream ${direct.toFixed(1)}${more}`);
}
const rate = await measureMessages();
console.log(`messages a second, concurrency ${concurrency}, of ${messages}: ${Math.round(rate)}`);
