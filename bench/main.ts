import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { get, measureCold } from './cold.ts';
import { residentMemory } from './memory.ts';
import { type Options, optionsGiven } from './options.ts';
import { report } from './report.ts';
import { coldModules, listPath, resources } from './resources.ts';
import { type Server, startBenchUpstream, startNginx, startService } from './servers.ts';
import { type Results, verdicts } from './targets.ts';
import { findTools, machine, packages, type Tool } from './tools.ts';
import { measureWarm, summarise, warmUp } from './warm.ts';

/**
 * `npm run bench`: the service beside nginx on the same files, and beside peers. Prints a table, writes a JSON file
 * under bench/results. Exit codes: 0 measured, whether or not the targets are met; 1 could not measure; 2 usage.
 */

const say = (text: string) => process.stderr.write(`${text}\n`);

const without: Record<Tool, string> = {
  wrk: 'autocannon is used instead, which is itself the limit above some 20,000 requests/s',
  nginx: 'the ratios to it are left out',
  taskset: 'servers and load generator share all cores, so the ratios say little',
};

async function bench(options: Options): Promise<void> {
  const tools = findTools();
  for (const tool of Object.keys(packages) as Tool[]) {
    if (!tools[tool]) say(`${tool} is missing (Debian package ${packages[tool]}): ${without[tool]}`);
  }
  const started = new Date();
  const runName = started.getTime().toString(36);
  const output = join(import.meta.dirname, 'results');
  mkdirSync(output, { recursive: true });

  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const place = { folder, tools };
  const upstream = `http://127.0.0.1:${options.upstreamPort}`;
  stack.use(await startBenchUpstream(place, options.upstreamPort, runName));
  const service = await startService(place, upstream, options.profile ? output : undefined);
  stack.use(service.running);

  const wanted = (name: string) => options.only.length === 0 || options.only.includes(name);
  const chosen = resources.filter(({ name }) => wanted(name));
  const fetching: Server[] = [service, ...options.peers];
  const seen = new Map<string, Buffer>();
  for (const server of fetching) {
    say(`first requests to ${server.name}`);
    await warmUp(server, chosen, seen);
  }
  const nginx = await startNginx(place, listPath, await get(service.url + listPath));
  if (nginx) {
    stack.use(nginx.running);
    await warmUp(nginx, chosen, seen);
  }

  const samples = await measureWarm(
    [service, ...(nginx ? [nginx] : []), ...options.peers],
    chosen,
    options,
    tools,
    say,
  );
  const cold: Results['cold'] = {};
  for (const server of wanted('cold') ? fetching : []) {
    say(`versions that ${server.name} has not seen`);
    cold[server.name] = await measureCold(server.url, upstream, coldModules(runName));
  }

  const results: Results = { warm: summarise(samples), cold, memory: residentMemory(service.pid) };
  const { runs, seconds, connections } = options;
  const pinned = tools.taskset !== undefined;
  const conditions = { started, runs, seconds, connections, pinned, machine: machine(tools) };
  const file = join(output, `${started.toISOString().replaceAll(':', '-')}.json`);
  writeFileSync(file, `${JSON.stringify({ conditions, ...results, verdicts: verdicts(results), samples }, null, 2)}\n`);
  process.stdout.write(`\n${report(results)}\n`);
  say(`written to ${file}`);
}

const given = optionsGiven(say);
if (given === undefined) {
  process.exitCode = 2;
} else {
  await bench(given).catch(error => {
    say(`can't measure: ${(error as Error).message}`);
    process.exitCode = 1;
  });
}
