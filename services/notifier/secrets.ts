import { readFile } from 'node:fs/promises';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { asFault, Fault } from '../errors.ts';

const secret = Type.Optional(Type.String({ minLength: 16, maxLength: 1000 }));

/** The notifier's part of HOOK_SECRETS_FILE; discovery has its own. */
const HookSecrets = Type.Object({
  /** GitHub signs with it what it posts to /hooks/ci. */
  'ci-github': secret,
  /** Jenkins sends it along to /hooks/ci. */
  'ci-jenkins': secret,
  /** Alertmanager or Cloud Monitoring sends it along to /hooks/alerts. */
  alerts: secret,
});
export type HookSecrets = Static<typeof HookSecrets>;

/** What the notifier has in files. */
export interface NotifierSecrets {
  /** Empty where Slack is not set up. */
  slackToken: string;
  hookSecrets: HookSecrets;
}

export const noNotifierSecrets: NotifierSecrets = { slackToken: '', hookSecrets: {} };

/** Reads SLACK_TOKEN_FILE and HOOK_SECRETS_FILE; '' is no file. Throws `invalid` with what is wrong and where, never a secret. */
export async function readNotifierSecrets(slackFile: string, hookFile: string): Promise<NotifierSecrets> {
  return {
    slackToken: slackFile === '' ? '' : await readToken(slackFile),
    hookSecrets: hookFile === '' ? {} : await readHookSecrets(hookFile),
  };
}

async function readToken(file: string): Promise<string> {
  let token: string;
  try {
    token = (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new Fault('invalid', `SLACK_TOKEN_FILE=${file} can't be read: ${asFault(error).message}`);
  }
  if (/^[\x21-\x7e]{10,500}$/.test(token)) return token;
  throw new Fault('invalid', `SLACK_TOKEN_FILE=${file} holds no token: one line such as xoxb-…`);
}

async function readHookSecrets(file: string): Promise<HookSecrets> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    // A syntax error quotes the text.
    const why = error instanceof SyntaxError ? 'it is not JSON' : asFault(error).message;
    throw new Fault('invalid', `the file of webhook secrets ${file} can't be read: ${why}`);
  }
  if (Value.Check(HookSecrets, parsed)) return parsed;
  const [first] = Value.Errors(HookSecrets, parsed);
  throw new Fault(
    'invalid',
    `the file of webhook secrets ${file} is wrong at ${first?.instancePath || '/'}: ${first?.message}`,
  );
}
