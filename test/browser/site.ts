import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { rebuild } from '../../services/catalogue/rebuild.ts';
import { createSqliteCatalogue } from '../../services/catalogue/sqlite.ts';
import { readConfig } from '../../services/config.ts';
import { run, serviceNames } from '../../services/run.ts';
import { createFileStorage } from '../../services/storage/files.ts';
import { fillStores, worldModules } from '../catalogue/world.ts';
import { startSlack } from '../notifier/slack.ts';
import { type FixtureModule, startUpstream } from '../upstream/index.ts';

/** What is not here yet when a test begins; an origin has it, and takes its time. */
const lateModule = (path: string, version: string): FixtureModule => ({
  path,
  version,
  time: '2026-01-01T00:00:00Z',
  files: {
    'go.mod': `module ${path}\n\ngo 1.24\n`,
    'README.md': '# late\n\nComes **late**.\n',
    'late.go': '// Package late comes late.\npackage late\n',
  },
});
const lateModules = ['world.test/late', 'world.test/later'].flatMap(path => [
  lateModule(path, 'v1.0.0'),
  lateModule(path, 'v1.1.0'),
]);

/** Every service in this process, over a world of 306 modules and an origin that has two more, with a stand-in for Slack. */
export async function openSite() {
  const folder = await mkdtemp(join(tmpdir(), 'gocenter-browser-'));
  const stores = {
    published: await createFileStorage({ root: join(folder, 'published') }),
    records: await createFileStorage({ root: join(folder, 'records') }),
  };
  await fillStores(stores);
  const catalogue = await createSqliteCatalogue({ file: join(folder, 'catalogue.sqlite') });
  await rebuild({ stores, catalogue });
  await catalogue.close();
  const slack = await startSlack();
  const upstream = await startUpstream({ modules: [...worldModules, ...lateModules] });
  upstream.setFault(/^\/world\.test\/late.*\.zip$/, { kind: 'delay', ms: 1500 });
  const logged: { message?: string; err?: { message: string } }[] = [];
  const running = await run({
    config: readConfig({
      ...{ DATA_DIR: folder, UPSTREAM: upstream.url, SUMDB: 'off', HOST: '127.0.0.1', LOG_LEVEL: 'error' },
      ...{
        PORT: '0',
        UI_PORT: '0',
        API_PORT: '0',
        ADMIN_PORT: '0',
        ORIGIN_PORT: '0',
        DISCOVERY_PORT: '0',
        NOTIFIER_PORT: '0',
      },
      ...{ RATE_LIMIT: '0', SLACK_URL: slack.url, SLACK_CHANNEL: '#operators', SLACK_WATCH_CHANNELS: '#builds' },
    }),
    services: serviceNames,
    tokens: [],
    notifier: { slackToken: slack.token, hookSecrets: {} },
    log: pino({ level: 'error' }, { write: (line: string) => logged.push(JSON.parse(line)) }),
    requestLog: undefined,
    path: process.env.PATH,
  });
  return {
    url: `http://127.0.0.1:${running.ports.ui}`,
    slack,
    logged,
    async close() {
      await running.close();
      await upstream.close();
      await slack.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type Site = Awaited<ReturnType<typeof openSite>>;
