import type { Catalogue } from '../../catalogue/index.ts';
import type { StatusAnswer } from '../schemas/status.ts';

export type Objective = StatusAnswer['objectives'][number];

/** The versions published last that are looked at. */
const looked = 100;
const promised = 60_000;
const target = 0.95;

/**
 * How fast versions get here: measured on what is recorded of the newest ones, so it needs no other process and survives
 * restarts.
 */
export async function freshness(catalogue: Pick<Catalogue, 'newest' | 'version'>): Promise<Objective> {
  const { items } = await catalogue.newest({ limit: looked });
  const details = await Promise.all(items.map(({ module, version }) => catalogue.version(module, version)));
  const waits = details.flatMap(detail =>
    detail?.provenance === undefined ? [] : [Date.parse(detail.at) - Date.parse(detail.provenance.requestedAt)],
  );
  return objective({
    name: 'published-in-time',
    objective: `95 % of versions are published within ${promised / 1000} s of being asked for`,
    target,
    window: `the last ${waits.length} versions`,
    good: waits.filter(wait => wait <= promised).length,
    all: waits.length,
  });
}

export function objective(measured: {
  name: string;
  objective: string;
  target: number;
  window: string;
  good: number;
  all: number;
}): Objective {
  const { good, all, ...about } = measured;
  const reached = all === 0 ? null : good / all;
  return { ...about, reached, met: reached === null ? null : reached >= about.target };
}
