import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { get } from './cold.ts';
import { type Options, optionsGiven } from './options.ts';
import { run } from './process.ts';
import { resources } from './resources.ts';
import { startBenchUpstream, startService, type Variant } from './servers.ts';
import { findTools, freePort, loadCore, pinned } from './tools.ts';
import { measureWarm, summarise, warmUp } from './warm.ts';

/**
 * `npm run bench:log`: what the download log costs of the warm throughput, by runs with and without it in turn: the embedded
 * one, and the one of Cloud Logging on a stand-in that takes everything. Takes the options of `npm run bench`. Prints;
 * asserts nothing.
 */

const say = (text: string) => process.stderr.write(`${text}\n`);
const without = 'no log';
const preload = new URL('no-log.ts', import.meta.url).href;

async function bench(options: Options): Promise<void> {
  const tools = findTools();
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'bench-log-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const upstream = `http://127.0.0.1:${options.upstreamPort}`;
  stack.use(await startBenchUpstream({ folder, tools }, options.upstreamPort, Date.now().toString(36)));
  const port = await freePort();
  const sink = `http://127.0.0.1:${port}`;
  const command = [join(import.meta.dirname, 'log-sink.ts'), String(port)];
  const where = { log: join(folder, 'sink.log'), ready: sink };
  stack.use(await run(pinned(tools.taskset, loadCore, process.execPath, command), where));

  const variants: Variant[] = [
    { name: without, preload },
    { name: 'files for DuckDB' },
    { name: 'Cloud Logging', env: { ANALYTICS: `bigquery:acme/gocenter?endpoint=${sink}` } },
  ];
  const chosen = resources.filter(({ name }) => options.only.length === 0 || options.only.includes(name));
  const servers = [];
  const seen = new Map<string, Buffer>();
  for (const [i, variant] of variants.entries()) {
    const place = { folder: join(folder, String(i)), tools };
    mkdirSync(place.folder);
    const server = await startService(place, upstream, undefined, variant);
    stack.use(server.running);
    servers.push(server);
    await warmUp(server, chosen, seen);
  }

  const summary = summarise(await measureWarm(servers, chosen, options, tools, say));
  for (const { name: resource, label } of chosen) {
    const samples = summary[resource] ?? {};
    const base = samples[without]?.requestsPerSecond ?? Number.NaN;
    for (const { name } of servers) {
      const { requestsPerSecond = Number.NaN, cpu = Number.NaN, p99 = Number.NaN } = samples[name] ?? {};
      const cost = name === without ? '' : `, ${((1 - requestsPerSecond / base) * 100).toFixed(1)} % less`;
      const rate = `${requestsPerSecond.toFixed(0)} requests/s${cost}`;
      console.log(`${label}, ${name}: ${rate}; ${cpu.toFixed(1)} µs of CPU each, p99 ${p99.toFixed(2)} ms`);
    }
  }
  for (const { name, admin } of servers) {
    const metrics = (await get(`${admin}/metrics`)).toString();
    const lost = /^gocenter_download_lines_dropped (\S+)$/m.exec(metrics)?.[1];
    if (name !== without) console.log(`${name}: ${lost} lines dropped`);
  }
}

const given = optionsGiven(say);
if (given === undefined) process.exitCode = 2;
else await bench(given);
