import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { busySince, coreTimes } from './cores.ts';
import { cpuTime } from './cpu.ts';
import { loadCore, pinned, serverCore, type Tool } from './tools.ts';

/** One run of the load generator against one address. */
export interface Sample {
  requestsPerSecond: number;
  megabytesPerSecond: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  /** Answers that were not 2xx or 3xx, and connections that failed. */
  errors: number;
  /** Microseconds of the server's CPU a request: holds on a busy machine as well, where requests a second do not. */
  cpu: number;
  /** How busy the cores were, from 0 to 1: tells which of the two was the limit. NaN where the system does not say. */
  serverCore: number;
  loadCore: number;
  /** The part of the server's core that others took, from 0 to 1. */
  others: number;
}

export interface Load {
  seconds: number;
  connections: number;
}

const execute = promisify(execFile);

/** `pids` are the server's, to count their CPU time. */
export async function measure(
  url: string,
  load: Load,
  tools: Partial<Record<Tool, string>>,
  pids: readonly number[] = [],
): Promise<Sample> {
  const [cores, used] = [coreTimes(), cpuTime(pids)];
  const answer = await generate(url, load, tools);
  const [own, busy] = [cpuTime(pids) - used, busySince(cores, serverCore)];
  return {
    ...answer,
    cpu: own / (answer.requestsPerSecond * load.seconds),
    serverCore: busy,
    loadCore: busySince(cores, loadCore),
    others: Math.max(0, busy - own / (load.seconds * 1e6)),
  };
}

type Answer = Omit<Sample, 'cpu' | 'serverCore' | 'loadCore' | 'others'>;

/** wrk when there, else autocannon, on a core of its own. */
async function generate(url: string, load: Load, tools: Partial<Record<Tool, string>>): Promise<Answer> {
  const { seconds, connections } = load;
  if (tools.wrk !== undefined) {
    const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '--timeout', '10s', url];
    const { stdout } = await execute(...pinned(tools.taskset, loadCore, tools.wrk, args));
    return parseWrk(stdout);
  }
  const autocannon = join(import.meta.dirname, '..', 'node_modules', 'autocannon', 'autocannon.js');
  const args = [autocannon, '--json', '--no-progress', '-c', String(connections), '-d', String(seconds), url];
  const { stdout } = await execute(...pinned(tools.taskset, loadCore, process.execPath, args));
  return parseAutocannon(stdout);
}

/** Reads what `wrk --latency` prints. Its sizes are powers of 1024, ours of 1000. */
export function parseWrk(output: string): Answer {
  const find = (pattern: RegExp) => pattern.exec(output)?.slice(1) ?? [];
  const [requests] = find(/^Requests\/sec:\s+([\d.]+)/m);
  const [amount = '0', unit = ''] = find(/^Transfer\/sec:\s+([\d.]+)([KMGT]?)B/m);
  if (requests === undefined) throw new Error(`wrk did not say how many requests it made:\n${output}`);
  const [connect = 0, read = 0, write = 0, timeout = 0] = find(
    /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/,
  ).map(Number);
  const [refused = '0'] = find(/Non-2xx or 3xx responses: (\d+)/);
  return {
    requestsPerSecond: Number(requests),
    megabytesPerSecond: (Number(amount) * 1024 ** ' KMGT'.indexOf(unit || ' ')) / 1e6,
    p50: milliseconds(find(/^\s+50%\s+([\d.]+)(us|ms|s|m)/m)),
    p99: milliseconds(find(/^\s+99%\s+([\d.]+)(us|ms|s|m)/m)),
    errors: connect + read + write + timeout + Number(refused),
  };
}

function milliseconds([amount = 'NaN', unit = 'ms']: string[]): number {
  const factors: Record<string, number> = { us: 0.001, ms: 1, s: 1000, m: 60_000 };
  return Number(amount) * (factors[unit] ?? Number.NaN);
}

/** Reads `autocannon --json`. Its latencies are whole milliseconds. */
export function parseAutocannon(output: string): Answer {
  const result = JSON.parse(output);
  return {
    requestsPerSecond: result.requests.average,
    megabytesPerSecond: result.throughput.average / 1e6,
    p50: result.latency.p50,
    p99: result.latency.p99,
    errors: result.errors + result.non2xx,
  };
}
