import Type, { type Static } from 'typebox';
import {
  AnyVersionRequest,
  answer,
  Count,
  Cursor,
  limit,
  ModulePath,
  ModuleSummary,
  nullable,
  page,
  request,
  Status,
} from './common.ts';

export const Module = answer({
  ...ModuleSummary.properties,
  rejected: Type.Integer({ minimum: 0, description: 'Versions that were refused' }),
  firstSeen: nullable(Type.String({ description: 'When its first version was published here, RFC 3339' })),
  repository: nullable(Type.String({ description: 'Where its source is, https' })),
  /** Major versions of the same module, itself included, highest first. */
  majors: Type.Array(
    answer({
      module: ModulePath,
      newest: Type.String(),
      time: nullable(Type.String()),
      deprecated: nullable(Type.String()),
    }),
  ),
});
export type Module = Static<typeof Module>;

export const VersionsRequest = request({
  module: ModulePath,
  status: Type.Optional(Status),
  cursor: Cursor,
  limit: limit(500, 100),
});
export type VersionsRequest = Static<typeof VersionsRequest>;

export const Reason = answer({
  rule: Type.String({ description: 'Name of the rule that refused; empty where none of ours did' }),
  message: Type.String(),
});
export type Reason = Static<typeof Reason>;

export const VersionSummary = answer({
  version: Type.String(),
  status: Status,
  at: Type.String({ description: 'When it was published, rejected or last found missing here, RFC 3339' }),
  time: nullable(Type.String({ description: 'Of its commit, RFC 3339' })),
  zipSize: nullable(Type.Integer({ minimum: 0, description: 'Bytes of the zip' })),
  licences: Type.Array(Type.String()),
  retracted: nullable(Type.String({ description: 'The author’s reason, empty without one; null: not retracted' })),
  vulnerabilities: Type.Array(Type.String()),
  downloads: nullable(
    Type.Integer({ minimum: 0, description: 'In the last 30 days, without mirrors and CI; null while not known' }),
  ),
  reasons: Type.Array(Reason, { description: 'Why it is not published' }),
});
export type VersionSummary = Static<typeof VersionSummary>;

/** Newest first, as the go command orders versions. */
export const VersionsAnswer = page(VersionSummary);
export type VersionsAnswer = Static<typeof VersionsAnswer>;

/** A licence file that was found, and how sure its recognition is. */
export const Licence = answer({
  file: Type.String(),
  licence: Type.String({ description: 'SPDX identifier, or `unknown`' }),
  confidence: Type.Number({ minimum: 0, maximum: 1 }),
});
export type Licence = Static<typeof Licence>;

export const Provenance = answer({
  origin: Type.String({ description: 'An upstream’s address, or `direct`' }),
  requestedAt: Type.String(),
  hash: Type.String({ description: 'h1 of the zip, as in go.sum' }),
  goModHash: Type.String({ description: 'h1 of go.mod, as in go.sum' }),
  checksumDatabase: nullable(
    answer({
      name: Type.String(),
      position: Type.Integer({ description: 'Number of its record in the log' }),
      treeSize: Type.Integer({ description: 'Size of the signed tree that was proven to hold it' }),
    }),
  ),
  rules: Type.Array(Type.String(), { description: 'Rules passed' }),
  overruled: Type.Array(Type.String(), { description: 'Rules that an operator overruled' }),
  /** Where the origin says that it came from. */
  vcs: nullable(
    answer({
      system: Type.String(),
      url: Type.String(),
      ref: nullable(Type.String()),
      commit: nullable(Type.String()),
    }),
  ),
});
export type Provenance = Static<typeof Provenance>;

/** Checks and provenance. */
export const VersionDetails = answer({
  module: ModulePath,
  ...VersionSummary.properties,
  newest: Type.String({ description: 'The newest version of the module' }),
  synopsis: Type.String({ description: 'Of this version; empty where none is known' }),
  unreadable: nullable(Type.String({ description: 'Why its zip can’t be read: what is known is of its go.mod' })),
  deprecated: nullable(Type.String()),
  size: nullable(Type.Integer({ minimum: 0, description: 'Bytes of the files' })),
  files: Count,
  packages: Count,
  licenceFiles: Type.Array(Licence),
  go: nullable(Type.String({ description: 'The `go` line of its go.mod' })),
  toolchain: nullable(Type.String()),
  requirements: Type.Integer({ minimum: 0, description: 'Direct ones' }),
  provenance: nullable(Provenance),
  /** An operator overruled its rejection. */
  release: nullable(answer({ at: Type.String(), by: Type.String(), reason: Type.String() })),
});
export type VersionDetails = Static<typeof VersionDetails>;

/** The text as it is: not rendered, not made safe. */
export const ReadmeAnswer = answer({
  version: Type.String(),
  file: nullable(Type.String({ description: 'Name in the module; null when it has no README' })),
  text: Type.String(),
  truncated: Type.Boolean({ description: 'The file is longer than what is kept' }),
});
export type ReadmeAnswer = Static<typeof ReadmeAnswer>;

export const PackagesAnswer = answer({
  version: Type.String(),
  items: Type.Array(
    answer({
      path: Type.String({ description: 'Import path' }),
      name: Type.String({ description: 'Of the package clause; `main` is a command' }),
      synopsis: Type.String(),
      internal: Type.Boolean({ description: 'Nobody else can import it' }),
    }),
  ),
  more: Type.Boolean({ description: 'There may be more than are given' }),
});
export type PackagesAnswer = Static<typeof PackagesAnswer>;

export const GoModAnswer = answer({ version: Type.String(), text: Type.String() });
export type GoModAnswer = Static<typeof GoModAnswer>;

export const LogRequest = request({ ...AnyVersionRequest.properties, limit: limit(200, 50) });
export type LogRequest = Static<typeof LogRequest>;

/** Oldest run first; the newest `limit` runs. */
export const LogAnswer = answer({
  version: Type.String(),
  runs: Type.Array(
    answer({
      service: Type.String(),
      startedAt: Type.String(),
      result: Type.String(),
      entries: Type.Array(
        answer({
          time: Type.String(),
          message: Type.String(),
          details: Type.Record(Type.String(), Type.Unknown()),
        }),
      ),
    }),
  ),
});
export type LogAnswer = Static<typeof LogAnswer>;
