import { Agent } from 'undici';
import { moduleName, type Shape } from '../catalogue-world.ts';

export type Kind = 'home' | 'search' | 'module' | 'tab';

export interface Visits {
  /** Milliseconds from when each request was due to its last byte. */
  times: Record<Kind, number[]>;
  errors: string[];
  /** Milliseconds, at the 99th percentile, by which requests were sent after they were due. */
  late: number;
}

const words = 'go client server http json test parser cloud storage api cli log cache redis kafka grpc yaml git'.split(
  ' ',
);
const tabs = ['versions', 'requirements', 'used-by', 'packages', 'checks'];

/**
 * Visitors of an open system: requests are sent when they are due, however many are unanswered. Of ten, five search, three
 * read a module's page, one another tab of it and one comes to the first page. Each session has an address of its own.
 */
export async function visit(
  url: string,
  { modules }: Shape,
  load: { rate: number; seconds: number; sessions: number; seed: number },
): Promise<Visits> {
  const random = generator(load.seed);
  const agent = new Agent({ connections: 256, pipelining: 1, headersTimeout: 30_000, bodyTimeout: 30_000 });
  const visits: Visits = { times: { home: [], search: [], module: [], tab: [] }, errors: [], late: 0 };
  const lateness: number[] = [];
  const pending = new Set<Promise<void>>();
  const started = performance.now() + 100;
  const total = load.rate * load.seconds;

  async function send(kind: Kind, path: string, session: number, due: number): Promise<void> {
    const address = `10.${(session >> 16) & 255}.${(session >> 8) & 255}.${session & 255}`;
    lateness.push(performance.now() - due);
    try {
      const { statusCode, body } = await agent.request({
        origin: url,
        path,
        method: 'GET',
        headers: { 'accept-encoding': 'br, gzip', 'x-forwarded-for': address },
      });
      await body.dump({ limit: 1 << 24 });
      if (statusCode !== 200) visits.errors.push(`${path} answered ${statusCode}`);
    } catch (error) {
      visits.errors.push(`${path}: ${(error as Error).message}`);
    }
    visits.times[kind].push(performance.now() - due);
  }

  for (let i = 0; i < total; i += 1) {
    const due = started + (i * 1000) / load.rate;
    while (performance.now() < due)
      await new Promise(resolve => setTimeout(resolve, Math.ceil(due - performance.now())));
    const [kind, path] = choose(random, modules);
    const sent: Promise<void> = send(kind, path, Math.floor(random() * load.sessions), due).finally(() => {
      pending.delete(sent);
    });
    pending.add(sent);
  }
  await Promise.all(pending);
  await agent.close();
  visits.late = lateness.toSorted((a, b) => a - b)[Math.floor(lateness.length * 0.99)] ?? 0;
  return visits;
}

function choose(random: () => number, modules: number): [Kind, string] {
  const pick = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)] as T;
  // A few modules are read by many, as it is in the world.
  const module = moduleName(Math.floor(random() ** 3 * modules));
  const dice = random();
  if (dice < 0.5) return ['search', `/search?${new URLSearchParams({ q: query(random, pick, module) })}`];
  if (dice < 0.8) return ['module', `/${module}`];
  if (dice < 0.9) return ['tab', `/${module}?tab=${pick(tabs)}`];
  return ['home', '/'];
}

/** A common word, two, a name as it stands, or one with a letter left out. */
function query(random: () => number, pick: <T>(from: readonly T[]) => T, module: string): string {
  const name = module.split('/').at(-1) ?? '';
  const dice = random();
  if (dice < 0.3) return pick(words);
  if (dice < 0.6) return `${pick(words)} ${pick(words)}`;
  if (dice < 0.9) return name;
  return name.slice(0, 3) + name.slice(4);
}

/** The same numbers for the same seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}
