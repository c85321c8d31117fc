import Type, { type Static, type TSchema } from 'typebox';

/** Shapes that several answers share. What is not known is null, never left out. */

export const ModulePath = Type.String({
  minLength: 1,
  maxLength: 1024,
  description: 'A module path, unescaped: golang.org/x/text',
});

export const Version = Type.String({
  minLength: 1,
  maxLength: 256,
  description: 'A canonical version: v1.2.3, pseudo-versions included',
});

export const Time = Type.String({ format: 'date-time', description: 'RFC 3339' });

export const Count = Type.Integer({ minimum: 0 });

export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** Requests refuse what they do not know: a misspelt filter must not be ignored. */
export const request = <T extends Record<string, TSchema>>(properties: T) =>
  Type.Object(properties, { additionalProperties: false });

/** Answers are exact too, so that nothing leaves which the document does not tell of. */
export const answer = <T extends Record<string, TSchema>>(properties: T) =>
  Type.Object(properties, { additionalProperties: false });

export const limit = (most: number, normal: number) =>
  Type.Optional(Type.Integer({ minimum: 1, maximum: most, default: normal, description: 'Items at most' }));

export const Cursor = Type.Optional(
  Type.String({ minLength: 1, maxLength: 512, description: 'The `next` of the page before; opaque' }),
);

/** A page of a list; `next` is null on the last. */
export const page = <T extends TSchema>(items: T) =>
  answer({ items: Type.Array(items), next: nullable(Type.String()) });

export const ModuleRequest = request({ module: ModulePath });
export type ModuleRequest = Static<typeof ModuleRequest>;

export const VersionRequest = request({ module: ModulePath, version: Version });
export type VersionRequest = Static<typeof VersionRequest>;

/** Without a version the newest is meant, as `@latest` is: the highest release that is not retracted. */
export const AnyVersionRequest = request({ module: ModulePath, version: Type.Optional(Version) });
export type AnyVersionRequest = Static<typeof AnyVersionRequest>;

export const ModuleVersion = answer({ module: ModulePath, version: Version });
export type ModuleVersion = Static<typeof ModuleVersion>;

export const Kind = Type.Union([Type.Literal('library'), Type.Literal('command')]);
export type Kind = Static<typeof Kind>;

/** `missing`: asked for, and no origin had it. */
export const Status = Type.Union([Type.Literal('published'), Type.Literal('rejected'), Type.Literal('missing')]);
export type Status = Static<typeof Status>;

/** What a list of modules shows of each. */
export const ModuleSummary = answer({
  module: ModulePath,
  newest: Type.String({ description: 'What `@latest` means: the highest release, else pre-release, else commit' }),
  /** Of the newest version, as all that follows unless it says otherwise; not published when nothing of it is. */
  status: Status,
  time: nullable(Type.String({ description: 'Of its commit, RFC 3339' })),
  synopsis: Type.String({
    description: 'Of the root package, else the README’s first sentence, else of the first package',
  }),
  kinds: Type.Array(Kind, { description: 'What it holds: packages to import, commands to run' }),
  licences: Type.Array(Type.String(), { description: 'SPDX identifiers, the best match first' }),
  versions: Type.Integer({ minimum: 0, description: 'Published versions' }),
  usedBy: Type.Integer({ minimum: 0, description: 'Modules here whose newest version requires it directly' }),
  downloads: Type.Integer({ minimum: 0, description: 'In the last 30 days, without mirrors and CI' }),
  vulnerabilities: Type.Array(Type.String(), { description: 'Identifiers of those that affect the newest version' }),
  deprecated: nullable(Type.String({ description: 'What its go.mod says of the deprecation' })),
});
export type ModuleSummary = Static<typeof ModuleSummary>;

export const ModuleList = answer({ items: Type.Array(ModuleSummary) });
export type ModuleList = Static<typeof ModuleList>;

export const ErrorAnswer = answer({
  error: answer({
    kind: Type.String({ description: 'Decides the status; only `not-found` is 404' }),
    message: Type.String({ description: 'One sentence that says what to do' }),
  }),
});
export type ErrorAnswer = Static<typeof ErrorAnswer>;
