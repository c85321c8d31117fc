import type { Content, Package, Requirement, VersionFacts } from '../../services/catalogue/index.ts';

/** What a test says of a version; the rest is made up. */
export interface Said {
  synopsis?: string;
  /** `module@version`, with `//` at its end for an indirect one. */
  requires?: readonly string[];
  licence?: string;
  readme?: string;
  time?: string;
  at?: string;
  command?: boolean;
  deprecated?: string;
  /** `v1.0.0`, or `v1.0.0-v1.2.0` */
  retracts?: readonly string[];
  exported?: string[];
}

/** A published version, `module@version`. */
export function published(name: string, said: Said = {}): VersionFacts {
  const [module = '', version = ''] = name.split('@');
  return {
    module,
    version,
    status: 'published',
    at: said.at ?? '2026-02-01T00:00:00.000Z',
    reasons: [],
    content: contentOf(module, said),
  };
}

function contentOf(module: string, said: Said): Content {
  const { synopsis = '', requires = [], licence = 'MIT', readme, time = '2026-01-01T00:00:00Z' } = said;
  const main: Package = {
    path: module,
    name: said.command === true ? 'main' : (module.split('/').at(-1) ?? ''),
    synopsis,
    internal: false,
    exported: said.exported ?? [],
  };
  return {
    time,
    provenance: {
      origin: 'https://origin.test',
      requestedAt: '2026-01-31T23:59:00Z',
      hash: `h1:${module}`,
      goModHash: 'h1:mod',
      rules: ['zip-well-formed'],
      overruled: [],
    },
    goMod: {
      go: '1.24',
      toolchain: undefined,
      deprecated: said.deprecated ?? '',
      requirements: requires.map(requirement),
      retractions: (said.retracts ?? []).map(range => {
        const [low = '', high = low] = range.split('-');
        return { low, high, rationale: 'it panics' };
      }),
    },
    goModText: `module ${module}\n`,
    licences: licence === '' ? [] : [{ id: licence, confidence: 0.99, file: 'LICENSE' }],
    readme: readme === undefined ? undefined : { file: 'README.md', text: readme, truncated: false },
    packages: [main],
    packagesComplete: true,
    files: [{ name: 'go.mod', size: 10, crc32: 1 }],
    fileCount: 1,
    zipSize: 500,
    size: 1000,
  };
}

function requirement(text: string): Requirement {
  const [module = '', version = ''] = text.replace('//', '').split('@');
  return { module, version, indirect: text.endsWith('//') };
}

export function rejected(name: string, at = '2026-02-02T00:00:00.000Z'): VersionFacts {
  const [module = '', version = ''] = name.split('@');
  const reasons = [{ rule: 'cooldown', message: 'it is too young' }];
  return { module, version, status: 'rejected', at, reasons };
}

export function missing(name: string, at = '2026-02-03T00:00:00.000Z'): VersionFacts {
  const [module = '', version = ''] = name.split('@');
  const reasons = [{ rule: '', message: 'no origin has it' }];
  return { module, version, status: 'missing', at, reasons };
}
