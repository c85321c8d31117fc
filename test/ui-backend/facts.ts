import type { ModuleSummary, VersionDetail, VersionSummary } from '../../services/catalogue/index.ts';

/** Catalogue entries with everything unremarkable but what is given. */

export const versionSummary = (
  given: Partial<VersionSummary> & { module: string; version: string },
): VersionSummary => ({
  status: 'published',
  at: '2026-02-01T00:00:00Z',
  reasons: [],
  time: '2026-01-01T00:00:00Z',
  synopsis: '',
  retracted: undefined,
  deprecated: '',
  licences: ['MIT'],
  vulnerabilities: [],
  requirements: [],
  go: '1.24',
  size: 2000,
  zipSize: 1000,
  hash: undefined,
  origin: 'direct',
  ...given,
});

export const versionDetail = (given: Partial<VersionDetail> & { module: string; version: string }): VersionDetail => ({
  ...versionSummary(given),
  newest: given.version,
  newestMajor: undefined,
  provenance: undefined,
  goMod: undefined,
  goModText: `module ${given.module}\n`,
  licenceFiles: [],
  readme: undefined,
  packages: [],
  packagesComplete: true,
  files: [],
  fileCount: given.files?.length ?? 0,
  unreadable: undefined,
  affected: [],
  ...given,
});

export const moduleSummary = (given: Partial<ModuleSummary> & { module: string; newest: string }): ModuleSummary => ({
  time: '2026-01-01T00:00:00Z',
  status: 'published',
  synopsis: '',
  licences: ['MIT'],
  kinds: ['library'],
  deprecated: '',
  versions: 1,
  usedBy: 0,
  downloads: 0,
  vulnerabilities: [],
  ...given,
});
