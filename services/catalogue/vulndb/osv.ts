import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { Fault } from '../../errors.ts';
import type { Affected, Vulnerability } from '../index.ts';

/** The parts of an OSV entry that are used (ossf.github.io/osv-schema), as go.dev/doc/security/vuln/database has them. */
const Entry = Type.Object({
  id: Type.String({ pattern: '^[A-Za-z0-9-]{1,64}$' }),
  modified: Type.String({ maxLength: 64 }),
  published: Type.Optional(Type.String({ maxLength: 64 })),
  withdrawn: Type.Optional(Type.String({ maxLength: 64 })),
  aliases: Type.Optional(Type.Array(Type.String())),
  summary: Type.Optional(Type.String()),
  details: Type.Optional(Type.String()),
  affected: Type.Optional(
    Type.Array(
      Type.Object({
        package: Type.Object({ name: Type.String(), ecosystem: Type.String() }),
        ranges: Type.Optional(
          Type.Array(
            Type.Object({
              type: Type.String(),
              events: Type.Array(
                Type.Object({ introduced: Type.Optional(Type.String()), fixed: Type.Optional(Type.String()) }),
              ),
            }),
          ),
        ),
        ecosystem_specific: Type.Optional(
          Type.Object({
            imports: Type.Optional(
              Type.Array(
                Type.Object({
                  path: Type.Optional(Type.String()),
                  symbols: Type.Optional(Type.Array(Type.String())),
                }),
              ),
            ),
          }),
        ),
      }),
    ),
  ),
  references: Type.Optional(Type.Array(Type.Object({ type: Type.String(), url: Type.String() }))),
});

/** Throws `bad-origin` for what is no entry; `name` is for the message. */
export function parseEntry(name: string, bytes: Uint8Array): Vulnerability {
  const entry = parseJson(name, bytes);
  if (!Value.Check(Entry, entry)) {
    const [first] = Value.Errors(Entry, entry);
    throw new Fault('bad-origin', `${name} is no OSV entry: ${first?.instancePath ?? ''} ${first?.message ?? ''}`);
  }
  const { id, modified, published = modified, withdrawn, aliases = [], affected = [], references = [] } = entry;
  const details = entry.details ?? '';
  return {
    id,
    aliases: aliases.slice(0, 100),
    summary: (entry.summary || details.split('\n', 1)[0] || id).slice(0, 1000),
    details: details.slice(0, 100_000),
    published,
    modified,
    withdrawn,
    affected: affected.filter(each => each.package.ecosystem === 'Go').map(affectedOf),
    references: references.slice(0, 100).map(({ type, url }) => ({ type, url })),
  };
}

type RawAffected = NonNullable<Static<typeof Entry>['affected']>[number];

function affectedOf({ package: { name }, ranges = [], ecosystem_specific: specific }: RawAffected): Affected {
  return {
    module: name,
    events: ranges
      .filter(({ type }) => type === 'SEMVER')
      .flatMap(({ events }) => events)
      .map(({ introduced, fixed }) => ({
        ...(introduced !== undefined && { introduced }),
        ...(fixed !== undefined && { fixed }),
      })),
    packages: (specific?.imports ?? []).map(({ path = '', symbols = [] }) => ({ path, symbols })),
  };
}

export function parseJson(name: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch (cause) {
    throw new Fault('bad-origin', `${name} is not JSON`, { cause });
  }
}
