/**
 * The origin port: what must be asked of the world at once. Only the processor has a way out of the cluster, so the
 * proxy and the validator ask through this: in-process when embedded (processor/origin.ts), over HTTP on a cluster
 * (origin/http.ts). Answers come from the processor's caches while fresh. Module paths are unescaped.
 *
 * Throws `not-found` or `gone` when the origins say so, `refused` when an origin forbids it, `timed-out`,
 * `unavailable` or `bad-origin` when nobody knows.
 */
export interface Origin {
  /** Canonical versions with a tag, without pseudo-versions, in no promised order. May be empty. */
  list(module: string, options?: AskOptions): Promise<string[]>;

  /** What the origin says of `@latest`. */
  latest(module: string, options?: AskOptions): Promise<VersionInfo>;

  /** Resolves a branch, tag prefix or commit to its canonical version. */
  query(module: string, query: string, options?: AskOptions): Promise<VersionInfo>;

  /** Bytes of `/sumdb/<name>/<path>`; path is `latest`, `lookup/…` or `tile/…`. The answer is not verified. */
  sumdb(name: string, path: string, options?: AskOptions): Promise<Buffer>;
}

/** What only discovery asks of the world. The processor reads no feed that is not among its own INDEX_FEEDS. */
export interface IndexReader {
  /** A page of a GOPROXY's `/index`, in its order. `feed` is its address without credentials, `limit` is 2000 at most. */
  index(feed: string, query: { since: string; limit: number }, options?: AskOptions): Promise<IndexPage>;
}

export interface IndexPage {
  /** Those that can be read; the rest is passed over. */
  entries: IndexEntry[];
  /** The page is full: there is more behind it. */
  more: boolean;
}

export interface IndexEntry {
  module: string;
  version: string;
  /** RFC 3339, as the feed has written it. */
  time: string;
}

export interface AskOptions {
  signal?: AbortSignal;
  /** Ask the origin although an answer is kept that would be fresh otherwise; what it says is kept in its place. */
  fresh?: boolean;
  /** GOPROXYs that this request has come through already. */
  hops?: number;
}

/** The `.info` document of the GOPROXY protocol. */
export interface VersionInfo {
  Version: string;
  /** RFC 3339. Optional in the protocol; most often the commit's time. */
  Time?: string;
  Origin?: VersionOrigin;
}

/** Provenance as the go command records it (cmd/go/internal/modfetch/codehost.Origin), its stable fields. */
export interface VersionOrigin {
  VCS?: string;
  URL?: string;
  Subdir?: string;
  Hash?: string;
  Ref?: string;
}
