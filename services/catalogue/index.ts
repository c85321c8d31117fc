import type {
  File,
  GoMod,
  Licence,
  Package,
  Readme,
  Reason,
  Requirement,
  VersionFacts,
  VersionProvenance,
} from './facts.ts';

export type * from './facts.ts';

/**
 * The catalogue port: what people search, read and compare. Everything in it can be rebuilt from the store, downloads
 * and vulnerabilities from theirs; only ui-backend writes it.
 *
 * Promised by every adapter, proven by test/catalogue/contract.ts:
 * - The state depends on the facts last put of each version, not on the order, the grouping or the repeats of the puts:
 *   two catalogues that were given the same, in whatever way, answer everything equally.
 * - When a write has resolved, every later read sees it, and a crash of the process does not undo it. A write is done
 *   whole or not at all.
 * - Search finds, ranks and suggests exactly as rank.ts defines it: the same in every adapter.
 * - Whatever is asked, it is taken as text: no query can fail by its content or reach another statement.
 * - Reads never wait for a write.
 *
 * Paths and versions are unescaped and canonical. Lists have a limit; `next` is the cursor of what follows, undefined at
 * the end. A cursor that this method did not give throws `invalid`. Every method throws `unavailable` when the backend fails.
 */
export interface Catalogue {
  search(query: SearchQuery): Promise<SearchPage>;

  /** Modules for what has been typed so far, best first: the last word may be unfinished. At most 20. */
  suggest(text: string, limit: number): Promise<Suggestion[]>;

  /** Everything about a module but its versions' contents; undefined when no version of it is known. */
  module(path: string): Promise<ModuleDetail | undefined>;

  version(module: string, version: string): Promise<VersionDetail | undefined>;

  /** Summaries in the order asked for, undefined for what is not known; at most 1000 at once. */
  modules(paths: readonly string[]): Promise<(ModuleSummary | undefined)[]>;
  versions(wanted: readonly ModuleVersion[]): Promise<(VersionSummary | undefined)[]>;

  /** Who requires a module, the most used first. */
  usedBy(query: UsedByQuery): Promise<UsedByPage>;

  /** Versions by the time they were published or rejected, newest first. */
  newest(query: NewestQuery): Promise<NewestPage>;

  /** Paths of all modules known, in the order of their bytes. */
  list(query: { after?: string | undefined; limit: number }): Promise<string[]>;

  /** Vulnerabilities that affect versions published here, the latest modified first. */
  vulnerabilities(query: Paging): Promise<{ items: VulnerabilityDetail[]; next: string | undefined }>;
  vulnerability(id: string): Promise<VulnerabilityDetail | undefined>;

  counts(): Promise<Counts>;

  /** Throws `unavailable`, with the reason, unless it can be read and written. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

/** What indexing needs besides. */
export interface CatalogueWriter {
  /** Keeps what is known of versions, in place of what was known of them. At most 1000 at once. */
  put(versions: readonly VersionFacts[]): Promise<void>;

  /** Downloads of modules in the last 30 days, without mirrors and CI, for ranking; replaces those of all modules. */
  setDownloads(downloads: ReadonlyMap<string, number>): Promise<void>;

  /**
   * Replaces all vulnerabilities by `entries`. Says which affect versions published here that were not marked as told, so
   * that a crash between finding and telling loses nothing.
   */
  setVulnerabilities(entries: readonly Vulnerability[]): Promise<Finding[]>;
  markTold(findings: readonly Finding[]): Promise<void>;

  /** Forgets versions, where there are any: what a rebuild no longer finds in the store. At most 1000 at once. */
  remove(versions: readonly ModuleVersion[]): Promise<void>;
}

export interface ModuleVersion {
  module: string;
  version: string;
}

export interface Paging {
  limit: number;
  cursor?: string | undefined;
}

export interface SearchQuery extends Paging {
  /** What was typed; empty finds everything that the filters let through. At most 200 characters are read. */
  text: string;
  /** SPDX identifier of the newest version's licence. */
  licence?: string | undefined;
  kind?: Kind | undefined;
  /** Newest version from this time on, RFC 3339: leaves out what nobody maintains. */
  updatedSince?: string | undefined;
  /** Default: `relevance`, which without text is use. */
  order?: 'relevance' | 'newest' | undefined;
}

export type Kind = 'library' | 'command';

export interface SearchPage {
  hits: SearchHit[];
  /** How many there are; with `atLeast` there are more than are counted or can be paged through. */
  total: number;
  atLeast: boolean;
  /** The words that were searched for instead of those typed, when some were misspelt: what to show as "showing results for". */
  corrected: string | undefined;
  next: string | undefined;
}

export interface SearchHit extends ModuleSummary {
  /** Higher is better; comparable within one answer only. */
  score: number;
}

export interface Suggestion {
  module: string;
  synopsis: string;
  usedBy: number;
}

/** What lists show of a module; of its newest version unless said otherwise. */
export interface ModuleSummary {
  module: string;
  /** As `@latest` chooses it: highest release, else highest pre-release, else newest pseudo-version; retracted ones last. */
  newest: string;
  /** Of the commit; of publishing where the origin gave none. Undefined when nothing is published. */
  time: string | undefined;
  status: VersionFacts['status'];
  /** Of its root package, else the first sentence of its README, else of its first package with one. */
  synopsis: string;
  /** SPDX identifiers, the best match first; `unknown` and none of low confidence are left out. */
  licences: string[];
  kinds: Kind[];
  /** '' when it is not deprecated. */
  deprecated: string;
  /** Published versions. */
  versions: number;
  /** Modules whose newest version requires it directly. */
  usedBy: number;
  /** In the last 30 days. */
  downloads: number;
  /** Identifiers of the vulnerabilities that affect `newest`. */
  vulnerabilities: string[];
}

export interface ModuleDetail extends ModuleSummary {
  /** Newest first, by precedence. All that is known, also what is rejected or missing. */
  history: VersionSummary[];
  /** Major versions of the same module, itself included, highest first: `/v2`, `.v3`. */
  majors: Major[];
  /** When its first version was published here. */
  firstSeen: string | undefined;
  readme: Readme | undefined;
  packages: Package[];
  goMod: GoMod | undefined;
  /** All that affect a published version. */
  affected: VulnerabilityDetail[];
}

export interface Major {
  module: string;
  newest: string;
  time: string | undefined;
  deprecated: string;
}

export interface VersionSummary extends ModuleVersion {
  status: VersionFacts['status'];
  at: string;
  reasons: Reason[];
  time: string | undefined;
  /** Of this version, as `ModuleSummary` has that of the newest. */
  synopsis: string;
  /** Why the newest version of the module retracts it; '' when no reason is given, undefined when it is not retracted. */
  retracted: string | undefined;
  /** As its module's newest go.mod says; '' when it is not. */
  deprecated: string;
  licences: string[];
  vulnerabilities: string[];
  requirements: Requirement[];
  go: string | undefined;
  size: number;
  zipSize: number;
  hash: string | undefined;
  origin: string | undefined;
}

export interface VersionDetail extends VersionSummary {
  /** The highest published version of the module, and of all its majors. */
  newest: string;
  newestMajor: Major | undefined;
  provenance: VersionProvenance | undefined;
  goMod: GoMod | undefined;
  goModText: string;
  licenceFiles: Licence[];
  readme: Readme | undefined;
  packages: Package[];
  packagesComplete: boolean;
  files: File[];
  fileCount: number;
  /** Why its zip can't be read, so that nothing of its content is known. */
  unreadable: string | undefined;
  affected: VulnerabilityDetail[];
}

export interface UsedByQuery extends Paging {
  module: string;
  /** Only who requires this version. */
  version?: string | undefined;
  /** Also modules that require it indirectly only, or whose newest version does no longer. Default: false. */
  all?: boolean | undefined;
}

export interface UsedByPage {
  items: UsedBy[];
  total: number;
  next: string | undefined;
}

export interface UsedBy {
  module: string;
  /** Its newest version that requires this one. */
  version: string;
  /** The version that it requires. */
  requires: string;
  indirect: boolean;
  /** `version` is the newest version of `module`. */
  current: boolean;
  /** How many use it in turn. */
  usedBy: number;
}

export interface NewestQuery extends Paging {
  /** Default: `published`. */
  status?: 'published' | 'rejected' | undefined;
}

export interface NewestPage {
  items: (VersionSummary & { synopsis: string })[];
  next: string | undefined;
}

/** One entry of a Go vulnerability database, of the parts that are used; osv.dev's schema. */
export interface Vulnerability {
  /** GO-2024-1234 */
  id: string;
  /** CVE-…, GHSA-… */
  aliases: string[];
  summary: string;
  details: string;
  published: string;
  modified: string;
  /** Set when the entry was withdrawn: it affects nothing. */
  withdrawn: string | undefined;
  affected: Affected[];
  references: { type: string; url: string }[];
}

export interface Affected {
  module: string;
  /** Versions without `v`, as in OSV: from `introduced` on (`0`: from the beginning), before `fixed`. */
  events: { introduced?: string; fixed?: string }[];
  /** Packages and symbols, where the database says; none means the whole module. */
  packages: { path: string; symbols: string[] }[];
}

export interface VulnerabilityDetail extends Vulnerability {
  /** Modules and versions published here that it affects; the 100 newest of each module. */
  here: { module: string; versions: string[]; fixed: string | undefined }[];
}

export interface Finding {
  id: string;
  module: string;
  summary: string;
  /** Published versions that are affected, newest first. */
  versions: string[];
  /** The lowest version with the fix above them; undefined when there is none. */
  fixed: string | undefined;
}

export interface Counts {
  modules: number;
  /** Versions by status. */
  published: number;
  rejected: number;
  missing: number;
  /** Pairs of a module and one that it requires directly. */
  requirements: number;
  /** Vulnerabilities that affect a version published here. */
  vulnerabilities: number;
  /** When the newest version was published. */
  newest: string | undefined;
}
