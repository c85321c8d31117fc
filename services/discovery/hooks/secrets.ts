import { readFile } from 'node:fs/promises';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { modulePattern } from '../../config.ts';
import { asFault, Fault } from '../../errors.ts';
import { type HookSecret, type Provider, providers } from './verify.ts';

/** Shorter ones can be guessed from one signed request. */
const shortest = 16;

const Secrets = Type.Array(
  Type.Object(
    {
      name: Type.String({ minLength: 1, maxLength: 100 }),
      secret: Type.String({ minLength: shortest, maxLength: 1000 }),
      modules: Type.Optional(Type.Array(Type.String({ minLength: 1 }))),
    },
    { additionalProperties: false },
  ),
  { maxItems: 1000 },
);

export type HookSecrets = Record<Provider, HookSecret[]>;

export const noHookSecrets: HookSecrets = { github: [], gitlab: [], gitea: [] };

/** Reads the code hosts' part of HOOK_SECRETS_FILE. Throws `invalid` with what is wrong and where, never a secret. */
export async function readHookSecrets(file: string): Promise<HookSecrets> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    // A syntax error quotes the text.
    const why = error instanceof SyntaxError ? 'it is not JSON' : asFault(error).message;
    throw new Fault('invalid', `the file of webhook secrets ${file} can't be read: ${why}`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new Fault('invalid', `the file of webhook secrets ${file} must be an object with ${providers.join(', ')}`);
  }
  const found: HookSecrets = { ...noHookSecrets };
  for (const provider of providers) {
    const given = (parsed as Record<string, unknown>)[provider];
    if (given !== undefined) found[provider] = check(file, provider, given);
  }
  return found;
}

function check(file: string, provider: Provider, given: unknown): HookSecret[] {
  const wrong = (where: string, why: string | undefined) =>
    new Fault('invalid', `the file of webhook secrets ${file} is wrong at /${provider}${where}: ${why}`);
  if (!Value.Check(Secrets, given)) {
    const first = Value.Errors(Secrets, given)[0];
    throw wrong(first?.instancePath ?? '', first?.keyword === 'boolean' ? 'there is no such setting' : first?.message);
  }
  for (const [index, { modules = [] }] of given.entries()) {
    for (const module of modules) {
      try {
        modulePattern(module);
      } catch (error) {
        throw wrong(`/${index}/modules`, asFault(error).message);
      }
    }
  }
  return given;
}
