import type { VersionFacts } from '../services/catalogue/index.ts';

/** A generated catalogue with the shape of the real one: names of common words, few modules that many require. */
export interface Shape {
  modules: number;
  /** Of each module. */
  versions: number;
}

const nouns =
  'http client server json yaml parser cloud storage api cli log cache queue proxy test util mock sql redis kafka grpc proto token auth oauth crypto hash tree graph list map set sync pool worker job cron time date math big image video audio font text html css template markdown git docker kube helm metric trace config flag env file path zip tar s3 azure aws gcp dns tcp udp tls ssh ftp mail smtp imap push feed rss chat bot game sim geo'.split(
    ' ',
  );
const adjectives =
  'fast simple tiny safe lazy smart atomic async typed generic pure open cool clean neat super micro mini mega ultra nano quick sharp solid plain bare raw easy light dark red blue green gold iron'.split(
    ' ',
  );

/** The same for the same number: a fraction of 1. */
function chance(...numbers: number[]): number {
  let hash = 2166136261;
  for (const number of numbers) hash = Math.imul(hash ^ number, 16777619) ^ (hash >>> 13);
  hash = Math.imul(hash ^ (hash >>> 16), 2246822507);
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32;
}

const pick = <T>(from: readonly T[], ...numbers: number[]): T =>
  from[Math.floor(chance(...numbers) * from.length)] as T;

export function moduleName(i: number): string {
  const owner = `${pick(adjectives, i, 1)}${pick(nouns, i, 2)}${Math.floor(chance(i, 3) * 400)}`;
  const name =
    chance(i, 4) < 0.5
      ? `${pick(nouns, i, 5)}-${pick(nouns, i, 6)}`
      : `go-${pick(adjectives, i, 7)}${pick(nouns, i, 8)}`;
  return `github.com/${owner}/${name}${i % 10 === 0 ? '' : (i % 1000).toString(36)}`;
}

/** Versions of module `i`, oldest first. What many require has a small number. */
export function generateModule(i: number, { modules, versions }: Shape): VersionFacts[] {
  const module = moduleName(i);
  const [a, b, c] = [pick(nouns, i, 9), pick(adjectives, i, 10), pick(nouns, i, 11)];
  const synopsis = `Package ${a} is a ${b} ${c} ${pick(nouns, i, 12)} for Go programs.`;
  const readme = Array.from({ length: 120 }, (_, k) => pick(k % 3 === 0 ? adjectives : nouns, i, 100 + k)).join(' ');
  return Array.from({ length: versions }, (_, v) => {
    const time = new Date(Date.UTC(2020 + Math.floor(chance(i, 13) * 6), v, 1 + (i % 28))).toISOString();
    return {
      module,
      version: `v1.${v}.0`,
      status: 'published' as const,
      at: time,
      reasons: [],
      content: {
        time,
        provenance: {
          ...{ origin: 'https://proxy.test', requestedAt: time, hash: `h1:${i}.${v}`, goModHash: `h1:${i}` },
          ...{ rules: ['size-limits', 'zip-well-formed', 'checksum-database'], overruled: [] },
        },
        goMod: {
          ...{ go: '1.24', toolchain: undefined, deprecated: '', retractions: [] },
          requirements: Array.from({ length: 12 }, (_, k) => ({
            // Squared thrice: a few are required by a large part of all.
            module: moduleName(Math.floor(chance(i, 200 + k) ** 6 * modules)),
            version: 'v1.0.0',
            indirect: k >= 6,
          })).filter(required => required.module !== module),
        },
        goModText: `module ${module}\n\ngo 1.24\n`,
        licences: [
          { id: pick(['MIT', 'Apache-2.0', 'BSD-3-Clause', 'MPL-2.0'], i, 14), confidence: 0.99, file: 'LICENSE' },
        ],
        readme: { file: 'README.md', text: `# ${module}\n\n${readme}\n`, truncated: false },
        packages: [
          {
            path: module,
            name: i % 7 === 0 ? 'main' : a,
            synopsis,
            internal: false,
            exported: ['func New', 'type Option'],
          },
          { path: `${module}/${c}`, name: c, synopsis: `Package ${c} helps.`, internal: false, exported: ['func Do'] },
        ],
        packagesComplete: true,
        files: Array.from({ length: 10 }, (_, k) => ({ name: `file${k}.go`, size: 1000 + k, crc32: i * 10 + k + v })),
        fileCount: 10,
        zipSize: 20_000,
        size: 60_000,
      },
    };
  });
}
