import { createRequire } from 'node:module';
import { createFeedWriter } from '../../services/records/feed.ts';
import { versionKey, writeOutcome, writeProvenance } from '../../services/records/index.ts';
import type { Storage } from '../../services/storage/index.ts';
import { type FixtureModule, goModOf, infoOf, moduleZip } from '../upstream/index.ts';

/**
 * A world of 306 modules, always the same, of which the answers are known: some libraries with a history, and 300
 * applications that use them. As modules for the upstream of a test (`worldModules`), or at once in stores (`fillStores`).
 */
const spdx: Record<string, { licenseText: string }> = createRequire(import.meta.url)('spdx-license-list/full.js');
const licence = (id: string) => spdx[id]?.licenseText ?? '';

export const host = 'world.test';
const appCount = 300;

interface Said {
  path: string;
  version: string;
  time: string;
  doc: string;
  licence: string;
  requires?: readonly string[];
  goMod?: string;
  files?: Record<string, string>;
  readme?: string;
}

function moduleOf({
  path,
  version,
  time,
  doc,
  licence: id,
  requires = [],
  goMod = '',
  files = {},
  readme,
}: Said): FixtureModule {
  const name = (
    path
      .replace(/\/v\d+$/, '')
      .split('/')
      .at(-1) ?? ''
  ).replaceAll(/[^a-z0-9]|^go-/g, '');
  const required = requires.map(each => `\t${each.replace('@', ' ')}\n`).join('');
  return {
    path,
    version,
    time,
    files: {
      'go.mod': `module ${path}\n\ngo 1.24\n${required === '' ? '' : `\nrequire (\n${required})\n`}${goMod}`,
      LICENSE: licence(id),
      ...(readme !== undefined && { 'README.md': readme }),
      [`${name}.go`]: `// ${doc}\npackage ${name}\n\n// Parse parses.\nfunc Parse(text string) error { return nil }\n`,
      ...files,
    },
  };
}

const yaml = `${host}/text/yaml`;
export const libraries: readonly FixtureModule[] = [
  moduleOf({
    ...{ path: yaml, version: 'v1.0.0', time: '2024-01-10T09:00:00Z', licence: 'MIT' },
    doc: 'Package yaml reads YAML documents. It is quick.',
    files: {
      'emit.go': 'package yaml\n\ntype Emitter struct{}\n\nfunc (e *Emitter) Emit(v any) {}\n\nconst Old = 1\n',
    },
  }),
  moduleOf({
    ...{ path: yaml, version: 'v1.1.0', time: '2024-03-10T09:00:00Z', licence: 'MIT' },
    doc: 'Package yaml reads and writes YAML documents.',
    requires: [`${host}/log@v1.0.0`],
  }),
  moduleOf({
    ...{ path: yaml, version: 'v1.2.0', time: '2024-06-10T09:00:00Z', licence: 'Apache-2.0' },
    doc: 'Package yaml reads and writes YAML documents. It is safe.',
    requires: [`${host}/log@v1.1.0`, `${host}/kubernetes-client@v0.3.0`],
    goMod: '\nretract v1.1.0 // It loses comments.\n',
    readme: '# yaml\n\nReads and writes **YAML**.\n\n```go\nyaml.Parse("a: 1")\n```\n',
    files: {
      'emit.go':
        'package yaml\n\ntype Emitter struct{}\n\nfunc (e *Emitter) Emit(v any) {}\n\nfunc (e *Emitter) Flush() {}\n',
      'internal/scan/scan.go': '// Package scan finds tokens.\npackage scan\n\nfunc Scan() {}\n',
      'cmd/yamlfmt/main.go': '// Command yamlfmt formats YAML files.\npackage main\n\nfunc main() {}\n',
    },
  }),
  moduleOf({
    ...{ path: `${yaml}/v2`, version: 'v2.0.0', time: '2025-01-10T09:00:00Z', licence: 'Apache-2.0' },
    doc: 'Package yaml reads and writes YAML 1.2.',
  }),
  moduleOf({
    ...{ path: `${host}/go-yaml`, version: 'v0.9.0', time: '2019-01-10T09:00:00Z', licence: 'BSD-3-Clause' },
    doc: 'Package yaml was the first of its kind.',
    goMod: '',
    files: { 'go.mod': `// Deprecated: use ${yaml}\nmodule ${host}/go-yaml\n\ngo 1.12\n` },
  }),
  moduleOf({
    ...{ path: `${host}/log`, version: 'v1.0.0', time: '2024-01-01T09:00:00Z', licence: 'BSD-3-Clause' },
    doc: 'Package log writes structured lines.',
  }),
  moduleOf({
    ...{ path: `${host}/log`, version: 'v1.1.0', time: '2024-05-01T09:00:00Z', licence: 'BSD-3-Clause' },
    doc: 'Package log writes structured lines.',
  }),
  moduleOf({
    ...{ path: `${host}/kubernetes-client`, version: 'v0.3.0', time: '2024-02-01T09:00:00Z', licence: 'Apache-2.0' },
    doc: 'Package kubernetesclient talks to a cluster.',
  }),
  moduleOf({
    ...{ path: `${host}/metrics`, version: 'v1.0.0', time: '2024-02-02T09:00:00Z', licence: 'MIT' },
    doc: 'Package metrics counts and measures.',
    readme: '<img src=x onerror=alert(1)>\n<script>alert(1)</script>\n\n[click](javascript:alert(1))\n',
  }),
];

const adjectives =
  'amber brisk calm deft eager frank gentle hardy ideal jolly keen lucid mellow noble open proud'.split(' ');
const nouns =
  'anchor beacon compass drift ember fjord grove harbor inlet jetty kelp lagoon marsh north oasis pier quay'.split(' ');

export const appPath = (i: number) =>
  `${host}/apps/${adjectives[i % adjectives.length]}-${nouns[Math.floor(i / adjectives.length) % nouns.length]}${i}`;

/** Which library versions application `i` requires: half of them yaml, a third log, and so on. */
function requiredBy(i: number): string[] {
  return [
    ...(i % 2 === 0 ? [`${yaml}@${i % 4 === 0 ? 'v1.2.0' : 'v1.0.0'}`] : []),
    ...(i % 10 === 5 ? [`${yaml}/v2@v2.0.0`] : []),
    ...(i % 50 === 1 ? [`${host}/go-yaml@v0.9.0`] : []),
    ...(i % 3 === 0 ? [`${host}/log@v1.1.0`] : []),
    ...(i % 100 === 7 ? [`${host}/metrics@v1.0.0`] : []),
  ];
}

function app(i: number): FixtureModule {
  const path = appPath(i);
  const day = String(1 + (i % 28)).padStart(2, '0');
  return {
    path,
    version: 'v1.0.0',
    time: `2025-0${1 + (i % 9)}-${day}T10:00:00Z`,
    files: {
      'go.mod': `module ${path}\n\ngo 1.24\n${requiredBy(i)
        .map(each => `\nrequire ${each.replace('@', ' ')}\n`)
        .join('')}`,
      LICENSE: licence(['MIT', 'Apache-2.0', 'MPL-2.0'][i % 3] ?? 'MIT'),
      'main.go': `// Command ${nouns[i % nouns.length]} is application number ${i}.\npackage main\n\nfunc main() {}\n`,
    },
  };
}

export const apps: readonly FixtureModule[] = Array.from({ length: appCount }, (_, i) => app(i));

/** Oldest versions of a module first. */
export const worldModules: readonly FixtureModule[] = [...libraries, ...apps];

/** What must be answered, derived by hand from the above. */
export const answers = {
  modules: 306,
  versions: 309,
  rejected: `${host}/log@v9.0.0`,
  searches: {
    yaml: [yaml, `${yaml}/v2`, `${host}/go-yaml`],
    'structured lines': [`${host}/log`],
    kubernets: [`${host}/kubernetes-client`],
    'application number 17': [appPath(17)],
    'world.test/log': [`${host}/log`],
  },
  usedBy: {
    [yaml]: 150,
    [`${yaml}/v2`]: 30,
    [`${host}/go-yaml`]: 6,
    // 100 applications, and yaml.
    [`${host}/log`]: 101,
    [`${host}/kubernetes-client`]: 1,
    [`${host}/metrics`]: 3,
  },
  comparison: {
    module: yaml,
    from: 'v1.0.0',
    to: 'v1.2.0',
    added: ['method Emitter.Flush'],
    removed: ['const Old'],
    requirementsAdded: [`${host}/log`, `${host}/kubernetes-client`],
    licences: [['MIT'], ['Apache-2.0']],
  },
  retracted: { module: yaml, version: 'v1.1.0', rationale: 'It loses comments.' },
  deprecated: { module: `${host}/go-yaml`, message: `use ${yaml}` },
} as const;

/** Publishes modules as a validator would, and writes down one rejection. */
export async function fillStores(
  { published, records }: { published: Storage; records: Storage },
  modules: readonly FixtureModule[] = worldModules,
): Promise<void> {
  let clock = Date.parse('2026-01-01T00:00:00Z');
  const feed = createFeedWriter(records, () => new Date(clock));
  for (const module of modules) {
    clock += 60_000;
    const { path, version } = module;
    const key = versionKey(path, version);
    await published.put(`${key}.zip`, await moduleZip(module));
    await published.put(`${key}.mod`, Buffer.from(goModOf(module)));
    await feed.append(path, version, async (entry, publishedAt) => {
      await writeProvenance(records, path, version, {
        ...{ origin: 'https://origin.test', requestedAt: publishedAt, publishedAt, feed: entry },
        ...{ hash: `h1:${Buffer.from(key).toString('base64').slice(0, 43)}=`, goModHash: 'h1:mod' },
        ...{ rules: ['size-limits', 'zip-well-formed', 'go-mod-agrees'], overruled: [] },
      });
    });
    await published.put(`${key}.info`, Buffer.from(JSON.stringify(infoOf(module))));
  }
  const [path = '', version = ''] = answers.rejected.split('@');
  await writeOutcome(records, path, version, {
    kind: 'refused',
    message: 'deny-list: a pattern of DENY names it',
    reasons: [{ rule: 'deny-list', message: 'a pattern of DENY names it' }],
    at: '2026-02-01T00:00:00.000Z',
  });
}
