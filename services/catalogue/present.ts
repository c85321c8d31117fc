import { isAffected } from './affects.ts';
import { type Detail, optional, parse, type Summary } from './columns.ts';
import type { GoMod, Package, Readme, Retraction } from './facts.ts';
import type {
  Affected,
  Major,
  ModuleSummary,
  VersionDetail,
  VersionSummary,
  Vulnerability,
  VulnerabilityDetail,
} from './index.ts';
import { compareTotally, retraction } from './newest.ts';

/** What answers are made of: rows of both adapters, whose columns have the same names and contents. */
export type Row = Record<string, unknown>;

/** Ranges of a vulnerability in one module. */
export interface Known {
  id: string;
  events: Affected['events'];
}

export const knownOf = ({ vulnerability, events }: Row): Known => ({
  id: String(vulnerability),
  events: parse(events),
});

export const vulnerabilityOf = ({ entry, findings }: Row): VulnerabilityDetail => ({
  ...parse<Vulnerability>(entry),
  here: parse(findings),
});

/** `known` are the vulnerabilities of the module, by their identifiers. */
export function summarizeModule(row: Row, known: readonly Known[]): ModuleSummary {
  const module = String(row.path);
  const newest = String(row.newest);
  const published = Number(row.versions) > 0;
  return {
    module,
    newest,
    time: optional(row.time),
    status: row.status as ModuleSummary['status'],
    synopsis: String(row.synopsis),
    licences: parse(row.licences),
    kinds: parse(row.kinds),
    deprecated: String(row.deprecated),
    versions: Number(row.versions),
    usedBy: Number(row.used_by),
    downloads: Number(row.downloads),
    vulnerabilities: known.flatMap(({ id, events }) => (published && isAffected(newest, events) ? [id] : [])),
  };
}

/** Makes summaries of a module's versions: what they have in common is read once. */
export function summarizer(module: Row, known: readonly Known[]): (row: Row) => VersionSummary {
  const path = String(module.path);
  const retractions = parse<Retraction[]>(module.retractions);
  return row => {
    const version = String(row.version);
    const summary = row.summary === null ? undefined : parse<Summary>(row.summary);
    return {
      module: path,
      version,
      status: row.status as VersionSummary['status'],
      at: String(row.at),
      reasons: parse(row.reasons),
      time: summary?.time,
      synopsis: summary?.synopsis ?? '',
      retracted: retraction(version, retractions),
      deprecated: String(module.deprecated),
      licences: summary?.licences ?? [],
      vulnerabilities: known.flatMap(({ id, events }) => (isAffected(version, events) ? [id] : [])),
      requirements: summary?.requirements ?? [],
      go: summary?.go,
      size: summary?.size ?? 0,
      zipSize: summary?.zipSize ?? 0,
      hash: summary?.hash,
      origin: summary?.origin,
    };
  };
}

/** Texts that a row has the hashes of. */
export interface RowTexts {
  goMod: string | undefined;
  readme: string | undefined;
  packages: string | undefined;
  files: string | undefined;
}

const goModOf = (summary: Summary, detail: Detail): GoMod => ({
  ...detail.goMod,
  go: summary.go,
  requirements: summary.requirements,
});

/** What is read of a published version only. */
export function contentOf(row: Row, texts: RowTexts) {
  if (row.summary === null || row.detail === null) return undefined;
  const detail = parse<Detail>(row.detail);
  const { readme } = detail;
  const text = texts.readme;
  return {
    detail,
    goMod: goModOf(parse(row.summary), detail),
    readme: readme === undefined || text === undefined ? undefined : ({ ...readme, text } satisfies Readme),
    packages: parse<Package[]>(texts.packages ?? '[]'),
  };
}

/** `family` are the published majors of the module. */
export function majorsOf(family: readonly Row[]): Major[] {
  return family
    .map(row => ({
      module: String(row.path),
      newest: String(row.newest),
      time: optional(row.time),
      deprecated: String(row.deprecated),
    }))
    .sort((a, b) => compareTotally(b.newest, a.newest) || (a.module < b.module ? -1 : 1));
}

/** A version with all that is kept of it, but `affected`. */
export function detailed(
  summary: VersionSummary,
  row: Row,
  module: Row,
  family: readonly Row[],
  texts: RowTexts,
): Omit<VersionDetail, 'affected'> {
  const content = contentOf(row, texts);
  return {
    ...summary,
    newest: String(module.newest),
    newestMajor: majorsOf(family)[0],
    provenance: content?.detail.provenance,
    goMod: content?.goMod,
    goModText: texts.goMod ?? '',
    licenceFiles: content?.detail.licenceFiles ?? [],
    readme: content?.readme,
    packages: content?.packages ?? [],
    packagesComplete: content?.detail.packagesComplete ?? false,
    files: parse(texts.files ?? '[]'),
    fileCount: content?.detail.fileCount ?? 0,
    unreadable: content?.detail.unreadable,
  };
}
