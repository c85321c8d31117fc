import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startUpstream } from '../../test/upstream/index.ts';
import { run } from '../process.ts';
import { freePort } from '../tools.ts';

const module = 'github.com/bench/tool';
const secret = 'the secret of the benchmark';
/** Milliseconds; what takes longer has failed. */
const patience = 10_000;

export interface WebhookTimes {
  /** Milliseconds from the webhook, one each tag: until its zip is served, and until its page is there. */
  downloadable: number[];
  shown: number[];
}

/**
 * New tags of one module, one after another, each told to be missing just before: pushed at a local origin, announced by a
 * webhook as GitHub sends it, then asked for as go does. Every service in one process; throws unless each is served at once
 * and then is in the list and the latest one.
 */
export async function measureWebhooks(folder: string, tags: number): Promise<WebhookTimes> {
  await using upstream = await origin();
  const secrets = join(folder, 'hooks.json');
  writeFileSync(secrets, JSON.stringify({ github: [{ name: 'bench', secret }] }));
  const [port, ui, hooks, admin] = [await freePort(), await freePort(), await freePort(), await freePort()];
  await using _ = await run([process.execPath, [join(import.meta.dirname, '../../services/main.ts')]], {
    log: join(folder, 'webhook.log'),
    ready: `http://127.0.0.1:${admin}/readyz`,
    env: {
      ...{ HOST: '127.0.0.1', PORT: `${port}`, UI_PORT: `${ui}`, DISCOVERY_PORT: `${hooks}`, ADMIN_PORT: `${admin}` },
      ...{ API_PORT: '0', ORIGIN_PORT: '0', NOTIFIER_PORT: '0', NEGATIVE_TTL: '1h', LIST_TTL: '1h' },
      ...{ DATA_DIR: join(folder, 'webhook'), UPSTREAM: upstream.url, SUMDB: 'off', HOOK_SECRETS_FILE: secrets },
    },
  });
  const proxy = `http://127.0.0.1:${port}/${module}`;
  const text = async (path: string) => (await fetch(`${proxy}/${path}`)).text();
  const times: WebhookTimes = { downloadable: [], shown: [] };
  for (let i = 1; i <= tags; i++) {
    const tag = `v1.${i}.0`;
    await expectStatus(`${proxy}/@v/${tag}.zip`, 404);
    await Promise.all([text('@v/list'), text('@latest')]); // in memory from here on
    upstream.add(tool(tag));
    const started = performance.now();
    await announce(`http://127.0.0.1:${hooks}/hooks/github`, tag);
    await expectStatus(`${proxy}/@v/${tag}.zip`, 200);
    times.downloadable.push(performance.now() - started);
    const [list, latest] = [await text('@v/list'), await text('@latest')];
    if (!list.includes(`${tag}\n`) || !latest.includes(tag)) throw new Error(`${tag} is not listed: ${list}${latest}`);
    await untilShown(`http://127.0.0.1:${ui}/${module}@${tag}`);
    times.shown.push(performance.now() - started);
  }
  return times;
}

async function origin() {
  const upstream = await startUpstream({ modules: [tool('v1.0.0')] });
  return { ...upstream, [Symbol.asyncDispose]: () => upstream.close() };
}

const tool = (version: string) => ({
  path: module,
  version,
  time: '2026-01-01T00:00:00Z',
  files: { 'go.mod': `module ${module}\n\ngo 1.24\n`, 'tool.go': '// Package tool is a tool.\npackage tool\n' },
});

async function announce(hook: string, tag: string): Promise<void> {
  const body = JSON.stringify({ ref: tag, ref_type: 'tag', repository: { html_url: `https://${module}` } });
  const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
  const headers = { 'content-type': 'application/json', 'x-github-event': 'create', 'x-hub-signature-256': signature };
  const response = await fetch(hook, { method: 'POST', body, headers });
  if (response.status !== 202) throw new Error(`the webhook was answered with ${response.status}`);
}

async function expectStatus(url: string, expected: number): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(patience) });
  await response.body?.cancel();
  if (response.status !== expected) throw new Error(`${url} was answered with ${response.status}`);
}

async function untilShown(url: string): Promise<void> {
  const end = performance.now() + patience;
  for (;;) {
    const response = await fetch(url);
    await response.body?.cancel();
    if (response.status === 200) return;
    if (performance.now() > end) throw new Error(`${url} is not there after ${patience} ms`);
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}
