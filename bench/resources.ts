import { type FixtureModule, syntheticModule } from '../test/upstream/index.ts';

const small = syntheticModule('bench.example.com/small', 'v1.0.0', 18 << 10);
const large = syntheticModule('bench.example.com/large', 'v1.0.0', 2 << 20);

/** Other versions of the small module, so that its list has the length of a usual one. */
const siblings = Array.from({ length: 30 }, (_, n) => ({ ...small, version: `v1.${n + 1}.0` }));

/** What is asked for again and again once it is warm. Content does not compress, so sizes are those of the zips. */
export const resources = [
  { name: 'info', label: '.info', path: '/bench.example.com/small/@v/v1.0.0.info' },
  { name: 'mod', label: '.mod', path: '/bench.example.com/small/@v/v1.0.0.mod' },
  { name: 'list', label: 'list', path: '/bench.example.com/small/@v/list' },
  { name: 'zip-18k', label: '18 KB zip', path: '/bench.example.com/small/@v/v1.0.0.zip' },
  { name: 'zip-2m', label: '2 MB zip', path: '/bench.example.com/large/@v/v1.0.0.zip' },
] as const;

export const listPath = resources[2].path;

export type Resource = (typeof resources)[number];

/** Versions that nobody has asked for before, whatever an earlier bench left in a peer's cache: named by `run`. */
export function coldModules(run: string, count = 40): FixtureModule[] {
  return Array.from({ length: count }, (_, n) =>
    syntheticModule(`bench.example.com/cold-${run}`, `v1.0.${n}`, 18 << 10),
  );
}

export const benchModules = (run: string): FixtureModule[] => [small, ...siblings, large, ...coldModules(run)];
