/**
 * What is known of one version: taken from its zip, go.mod, info and records by indexing, and a function of them alone.
 * So a catalogue can be rebuilt from the store at any time. Times are RFC 3339 in UTC.
 */
export interface VersionFacts {
  module: string;
  /** Canonical. */
  version: string;
  /** `missing`: asked for, and no origin had it. */
  status: 'published' | 'rejected' | 'missing';
  /** When it was published, rejected, or last found missing. */
  at: string;
  /** For a version that is not published. `rule` is empty where no rule of ours refused. */
  reasons: Reason[];
  /** The rest is of published versions only. */
  content?: Content;
}

export interface Reason {
  rule: string;
  message: string;
}

export interface Content {
  /** Of the commit, as in its .info; undefined where the origin gave none. */
  time: string | undefined;
  provenance: VersionProvenance | undefined;
  goMod: GoMod;
  /** The whole go.mod as text, cut at 256 KiB. */
  goModText: string;
  licences: Licence[];
  readme: Readme | undefined;
  packages: Package[];
  /** False where packages or their exported names may be missing, because there is more source than is read. */
  packagesComplete: boolean;
  /** Sorted by name; the first 5000. */
  files: File[];
  fileCount: number;
  /** Why its zip can't be read: then what is known is of its go.mod and .info, and the rest is empty. */
  unreadable?: string;
  /** Bytes of the zip, and of the files in it. */
  zipSize: number;
  size: number;
}

/** How it was published (services/records); undefined of a version that no validator has published. */
export interface VersionProvenance {
  /** The origin that gave the bytes. */
  origin: string;
  /** First asked for. */
  requestedAt: string;
  /** h1 hashes of the zip and of go.mod. */
  hash: string;
  goModHash: string;
  /** Names of the rules passed, and of those an operator overruled. */
  rules: string[];
  overruled: string[];
  checksumDatabase?: { name: string; position: number; treeSize: number };
}

export interface GoMod {
  /** Language version, without `go`; undefined where go.mod does not say. */
  go: string | undefined;
  toolchain: string | undefined;
  /** The message after `Deprecated:`, '' when there is none. */
  deprecated: string;
  requirements: Requirement[];
  retractions: Retraction[];
}

export interface Requirement {
  module: string;
  version: string;
  /** It has the comment `// indirect`. */
  indirect: boolean;
}

/** Both ends included; equal for a single version. As written, so perhaps not canonical. */
export interface Retraction {
  low: string;
  high: string;
  rationale: string;
}

export interface Licence {
  /** SPDX identifier, or `unknown` for a licence file that is like no text of the SPDX list. */
  id: string;
  /** How alike the file and the licence's text are: 0 to 1. */
  confidence: number;
  /** Name inside the module. */
  file: string;
}

export interface Readme {
  /** Name inside the module. */
  file: string;
  /** At most 512 KiB. Untrusted: to be sanitised by whoever renders it. Bytes that are not UTF-8 are U+FFFD. */
  text: string;
  /** There is more in the file. */
  truncated: boolean;
}

export interface Package {
  /** Import path. */
  path: string;
  /** As in its package clause; `main` for a command. */
  name: string;
  /** The first sentence of its doc comment, as go/doc makes it; '' without one. */
  synopsis: string;
  /** Of an `internal` folder: nobody else can import it. */
  internal: boolean;
  /** What it exports, sorted: `func Parse`, `type Reader`, `method Reader.Read`, `const Max`, `var ErrClosed`. */
  exported: string[];
  /**
   * How each of `exported` is declared, in their order: `func Parse(text string) error`. Cut at 1000 characters. Not in
   * what was catalogued before declarations were read.
   */
  declared?: string[];
}

export interface File {
  /** Inside the module. */
  name: string;
  size: number;
  /** CRC-32 as in the zip: equal files have equal ones. */
  crc32: number;
}
