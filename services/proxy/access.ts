import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { modulePattern } from '../config.ts';
import { Fault } from '../errors.ts';
import { matchPrefixPatterns } from '../gomod/pattern.ts';

/** Who may read what: access tokens by Basic auth, as `.netrc` sends them, and private modules. */
export interface Access {
  /** Whether a request without credentials may have whatever is public. */
  readonly open: boolean;
  isPrivate(module: string): boolean;
  /**
   * Who sends this Authorization header. Throws `unauthorized` for wrong credentials, and for none where a token is
   * required.
   */
  identify(authorization: string | undefined): Reader;
  /** Throws `unauthorized` (no credentials) or `refused` (not this token's) when the reader may not have the module. */
  authorise(reader: Reader, module: string): void;
}

export interface Reader {
  /** Name of the token; undefined when anonymous. Never the token. */
  readonly name: string | undefined;
  /** Whether a CI system asks, as far as its token tells. */
  readonly ci: boolean;
  maySee(module: string): boolean;
}

const TokensFile = Type.Object(
  {
    tokens: Type.Array(
      Type.Object(
        {
          name: Type.String({ minLength: 1, maxLength: 100 }),
          /** Of the password, in hex: the file holds no secret that opens anything. */
          sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
          /** Patterns of the private modules that it may see. */
          modules: Type.Optional(Type.Array(Type.String({ minLength: 1 }))),
          /** Whether a CI system has it: its downloads are not people's. */
          ci: Type.Optional(Type.Boolean()),
        },
        { additionalProperties: false },
      ),
      { maxItems: 100_000 },
    ),
  },
  { additionalProperties: false },
);

export interface Token {
  name: string;
  sha256: string;
  modules?: string[];
  ci?: boolean;
}

/** Reads TOKENS_FILE. Throws `invalid` with what is wrong and where. */
export async function readTokens(file: string): Promise<Token[]> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new Fault('invalid', `the tokens file ${file} can't be read: ${(error as Error).message}`);
  }
  if (!Value.Check(TokensFile, parsed)) {
    const first = Value.Errors(TokensFile, parsed)[0];
    // What additionalProperties refuses is reported as a schema of `false`.
    const why = first?.keyword === 'boolean' ? 'there is no such setting' : first?.message;
    throw new Fault('invalid', `the tokens file ${file} is wrong at ${first?.instancePath || '/'}: ${why}`);
  }
  const names = new Map<string, string>();
  for (const { name, sha256, modules = [] } of parsed.tokens) {
    const other = names.get(sha256);
    if (other !== undefined)
      throw new Fault('invalid', `the tokens file ${file} gives ${other} and ${name} the same token`);
    names.set(sha256, name);
    for (const module of modules) checkPattern(file, name, module);
  }
  return parsed.tokens;
}

function checkPattern(file: string, name: string, module: string): void {
  try {
    modulePattern(module);
  } catch (error) {
    throw new Fault('invalid', `the tokens file ${file} is wrong: the token ${name} ${(error as Error).message}`);
  }
}

export function createAccess(options: {
  tokens: readonly Token[];
  requireToken: boolean;
  privateModules: readonly string[];
}): Access {
  const bySha256 = new Map(options.tokens.map(token => [token.sha256, token]));
  const patterns = options.privateModules.join(',');
  const isPrivate = (module: string) => patterns !== '' && matchPrefixPatterns(patterns, module);
  const anonymous: Reader = { name: undefined, ci: false, maySee: module => !isPrivate(module) };

  return {
    open: !options.requireToken,
    isPrivate,
    identify(authorization) {
      if (authorization === undefined) {
        if (options.requireToken)
          throw new Fault('unauthorized', 'an access token is required in .netrc, which go sends over https only');
        return anonymous;
      }
      // The look-up is by hash, so its timing tells nothing about the tokens.
      const token = bySha256.get(createHash('sha256').update(password(authorization)).digest('hex'));
      if (token === undefined) throw new Fault('unauthorized', 'the access token is not known here');
      const modules = token.modules?.join(',') ?? '';
      return {
        name: token.name,
        ci: token.ci ?? false,
        maySee: module => !isPrivate(module) || (modules !== '' && matchPrefixPatterns(modules, module)),
      };
    },
    authorise(reader, module) {
      if (reader.maySee(module)) return;
      if (reader.name === undefined) {
        throw new Fault(
          'unauthorized',
          `${module} is private: an access token is needed in .netrc, which go sends over https only`,
        );
      }
      throw new Fault('refused', `the token ${reader.name} has no right to ${module}`, { rule: 'private-module' });
    },
  };
}

/** The password of a Basic Authorization header; the user name is ignored. RFC 7617. */
function password(authorization: string): string {
  const [, encoded] = /^Basic +([A-Za-z0-9+/=_-]+)$/i.exec(authorization) ?? [];
  const decoded = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon < 0) throw new Fault('unauthorized', 'the Authorization header must be Basic with a user name and a token');
  return decoded.slice(colon + 1);
}
