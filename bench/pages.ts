import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { createSqliteCatalogue } from '../services/catalogue/sqlite.ts';
import { hasChromium } from '../test/browser/chromium.ts';
import { generateModule, type Shape } from './catalogue-world.ts';
import { firstPage } from './pages/first-page.ts';
import { type Kind, visit } from './pages/visitors.ts';
import { measureWebhooks } from './pages/webhook.ts';
import { run } from './process.ts';
import { freePort } from './tools.ts';

/**
 * The pages as people see them: every service in one process over a generated catalogue, and visitors who come at a
 * constant rate whatever the answers, from many addresses. `npm run bench:pages [-- --modules 100000 --versions 10 --rate 100
 * --seconds 60 --sessions 10000 --file kept.sqlite]`; a catalogue that is there already is taken as it is. Then new tags that webhooks announce;
 * `--only webhooks` measures those alone.
 */
const { values } = parseArgs({
  options: {
    modules: { type: 'string', default: '100000' },
    versions: { type: 'string', default: '10' },
    rate: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '60' },
    sessions: { type: 'string', default: '10000' },
    file: { type: 'string' },
    profile: { type: 'string' },
    tags: { type: 'string', default: '20' },
    only: { type: 'string' },
  },
});
const shape: Shape = { modules: Number(values.modules), versions: Number(values.versions) };
const load = { rate: Number(values.rate), seconds: Number(values.seconds), sessions: Number(values.sessions) };
const folder = mkdtempSync(join(tmpdir(), 'gocenter-pages-'));
const file = values.file ?? join(folder, 'catalogue.sqlite');
const say = (line: string) => process.stdout.write(`${line}\n`);

/** What is promised: milliseconds at the 99th percentile. */
const objectives: Partial<Record<Kind, number>> = { search: 50, module: 60 };

try {
  if (values.only !== 'webhooks') await measureVisits();
  const { downloadable, shown } = await measureWebhooks(folder, Number(values.tags));
  say(`${downloadable.length} new tags, each announced by a webhook, with a local origin:`);
  say(`  downloadable, in the list and the latest ${spread(downloadable)}, promised < 3000`);
  say(`  on its page ${spread(shown)}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function spread(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number) => (sorted[Math.floor(part * (sorted.length - 1))] ?? 0).toFixed(0);
  return `p50 ${at(0.5)} p99 ${at(0.99)} max ${at(1)} ms`;
}

async function measureVisits(): Promise<void> {
  if (!existsSync(file)) await fill();
  const [uiPort, adminPort] = [await freePort(), await freePort()];
  const flags = values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`];
  await using service = await run([process.execPath, [...flags, join(import.meta.dirname, '../services/main.ts')]], {
    log: join(folder, 'service.log'),
    ready: `http://127.0.0.1:${adminPort}/readyz`,
    env: {
      ...{ HOST: '127.0.0.1', UI_PORT: String(uiPort), ADMIN_PORT: String(adminPort) },
      ...{ PORT: '0', API_PORT: '0', ORIGIN_PORT: '0', DISCOVERY_PORT: '0', NOTIFIER_PORT: '0' },
      ...{ DATA_DIR: join(folder, 'data'), CATALOGUE: `sqlite:${file}`, UPSTREAM: 'off', SUMDB: 'off' },
      TRUSTED_PROXIES: '127.0.0.1/32',
    },
  });
  const url = `http://127.0.0.1:${uiPort}`;
  say(`${shape.modules} modules of ${shape.versions} versions; process ${service.pid}`);

  await visit(url, shape, { ...load, seconds: Math.min(10, load.seconds), seed: 1 });
  const { times, errors, late } = await visit(url, shape, { ...load, seed: 2 });
  say(`${load.rate} requests a second for ${load.seconds} s from ${load.sessions} sessions: ${errors.length} errors`);
  for (const error of errors.slice(0, 5)) say(`  ${error}`);
  for (const [kind, taken] of Object.entries(times) as [Kind, number[]][]) {
    const sorted = taken.toSorted((a, b) => a - b);
    const at = (part: number) => (sorted[Math.floor(part * (sorted.length - 1))] ?? 0).toFixed(1).padStart(7);
    const promised = objectives[kind] === undefined ? '' : `, promised p99 < ${objectives[kind]}`;
    say(
      `${kind.padEnd(10)} ${String(sorted.length).padStart(6)} × p50${at(0.5)} p99${at(0.99)} max${at(1)} ms${promised}`,
    );
  }
  say(`of that the load generator itself was late by p99 ${late.toFixed(1)} ms`);
  if (hasChromium) {
    const { bytes, scriptBytes, paint } = await firstPage(url);
    say(
      `first page: ${bytes} bytes transferred, ${scriptBytes} of scripts; largest contentful paint ${paint.toFixed(0)} ms`,
    );
  } else {
    say('first page: not measured, Chromium is missing');
  }
}

async function fill(): Promise<void> {
  mkdirSync(dirname(file), { recursive: true });
  const catalogue = await createSqliteCatalogue({ file });
  const started = performance.now();
  for (let i = 0; i < shape.modules; ) {
    const batch = [];
    for (; i < shape.modules && batch.length + shape.versions <= 500; i++) batch.push(...generateModule(i, shape));
    await catalogue.put(batch);
  }
  await catalogue.close();
  say(`catalogue made in ${((performance.now() - started) / 1000).toFixed(0)} s`);
}
