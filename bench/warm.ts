import { get } from './cold.ts';
import { createQuiet } from './cores.ts';
import { listeners } from './cpu.ts';
import { measure, type Sample } from './load.ts';
import type { Options } from './options.ts';
import type { Resource } from './resources.ts';
import type { Server } from './servers.ts';
import { medians } from './statistics.ts';
import type { Tool } from './tools.ts';

/** Samples by resource, then by server, in the order of the runs. */
export type Samples = Record<string, Record<string, Sample[]>>;

/** Everything once, so that it is published and cached; and everybody must serve the same zip and go.mod. */
export async function warmUp(server: Server, chosen: readonly Resource[], seen: Map<string, Buffer>): Promise<void> {
  for (const { path } of chosen) {
    const body = await get(server.url + path);
    const first = seen.get(path) ?? body;
    seen.set(path, first);
    const immutable = /\.(zip|mod)$/.test(path);
    if (immutable && !body.equals(first)) throw new Error(`${server.name} serves other bytes at ${path}`);
  }
}

/** Alternating runs, A B C A B C …, after a second of warm-up each. */
export async function measureWarm(
  servers: readonly Server[],
  chosen: readonly Resource[],
  { connections, seconds, runs }: Options,
  tools: Partial<Record<Tool, string>>,
  say: (text: string) => void,
): Promise<Samples> {
  const quiet = createQuiet(120_000);
  const samples: Samples = {};
  const pids = new Map(servers.map(({ name, url }) => [name, listeners(url)]));
  for (const { name: resource, label, path } of chosen) {
    const byServer: Record<string, Sample[]> = {};
    samples[resource] = byServer;
    for (const { url } of servers) await measure(url + path, { connections, seconds: 1 }, tools);
    for (let run = 1; run <= runs; run++) {
      for (const { name, url } of servers) {
        const sample = await undisturbed(async () => {
          await quiet.wait();
          return measure(url + path, { connections, seconds }, tools, pids.get(name));
        });
        byServer[name] = [...(byServer[name] ?? []), sample];
        say(`${label}, run ${run} of ${runs}, ${name}: ${sample.requestsPerSecond.toFixed(0)} requests/s`);
      }
    }
  }
  return samples;
}

/** More than this of the server's core taken by others, and a run says little. */
export const disturbance = 0.15;

/** Repeats a run that other programs on the machine disturbed, twice at most; the least disturbed counts. */
async function undisturbed(run: () => Promise<Sample>): Promise<Sample> {
  let best = await run();
  for (let repeat = 0; repeat < 2 && best.others > disturbance; repeat++) {
    const next = await run();
    if (next.others < best.others) best = next;
  }
  return best;
}

export function summarise(samples: Samples): Record<string, Record<string, Sample>> {
  return mapValues(samples, byServer => mapValues(byServer, medians<Sample>));
}

const mapValues = <A, B>(record: Record<string, A>, map: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
