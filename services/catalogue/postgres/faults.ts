import { Fault } from '../../errors.ts';

/** The connection is gone, perhaps with the server: the same may go well on another. */
export class Broken extends Fault {}

const away = 'start PostgreSQL there, or correct host and port in CATALOGUE';
const unreached = 'is PostgreSQL there, and the network open to it? Otherwise correct host and port in CATALOGUE';
const unnamed = 'correct the host in CATALOGUE, or mend the name service';

/** What to do, by SQLSTATE or the network's code. */
const remedies: Readonly<Record<string, string>> = {
  '28000': 'create that role with LOGIN and let it in by pg_hba.conf, or correct the user in CATALOGUE',
  '28P01': 'correct the user in CATALOGUE, or the password in the file that CATALOGUE_PASSWORD_FILE names',
  '3D000': 'create the database and run `node services/main.ts migrate`, or correct its name in CATALOGUE',
  '42501':
    'grant that right to the user of CATALOGUE: CONNECT on the database; CREATE on its schema, and its tables’ ownership, to ' +
    'migrate; SELECT, INSERT, UPDATE and DELETE on its tables to all services',
  '53300': 'raise its max_connections, or run fewer processes',
  '57P03': 'wait until it is up, then start again',
  '25006': 'it is a standby or read-only: name the primary in CATALOGUE',
  ECONNREFUSED: away,
  ENOENT: away,
  EACCES: 'let this process use the server’s socket, or correct the host in CATALOGUE',
  ENOTFOUND: unnamed,
  EAI_AGAIN: unnamed,
  ETIMEDOUT: unreached,
  EHOSTUNREACH: unreached,
  ENETUNREACH: unreached,
};

/** What to do, by the words of the client's library, which gives these no code. */
const remediesByWords: readonly (readonly [RegExp, string])[] = [
  [/client password must be/, 'write the password to a file, and name that in CATALOGUE_PASSWORD_FILE'],
  [/timeout exceeded when trying to connect|due to connection timeout/, unreached],
  [
    /^Connection terminated|ECONNRESET|invalid response/,
    'has the server ended it, or is it no PostgreSQL that CATALOGUE names? See its log, or correct host and port',
  ],
];

/** A failure of the server, or of the way to it, as `unavailable`, with what to do where that is known. */
export function failure(error: unknown): Fault {
  const { code = '', message, syscall } = error as { code?: string; message: string; syscall?: string };
  const said = message || code;
  const ofFile = syscall === 'open' || syscall === 'read';
  const remedy = ofFile
    ? 'have CATALOGUE_PASSWORD_FILE name a file that this process may read'
    : (remedies[code] ?? remediesByWords.find(([words]) => words.test(said))?.[1]);
  const sentence = `the catalogue failed: PostgreSQL: ${said}${remedy === undefined ? '' : `: ${remedy}`}`;
  // Class 08 is the connection, 57P01 to 57P03 a server that stops or starts; without a code the client lost it.
  const broken = /^(08...|57P0[123]|E[A-Z]+)$/.test(code) || /^Connection terminated/.test(message);
  return broken
    ? new Broken('unavailable', sentence, { cause: error })
    : new Fault('unavailable', sentence, { cause: error });
}

/** The SQLSTATE that a Fault of `failure` came from; undefined for any other error. */
export function stateOf(error: unknown): string | undefined {
  const { code } = Object((error as Error).cause) as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}
