import pg from 'pg';
import { Fault } from '../../errors.ts';
import { failure } from './faults.ts';

export type Row = Record<string, unknown>;

/** One transaction. Failures of the server and of the way to it are `unavailable`. */
export interface Session {
  all(sql: string, ...values: readonly unknown[]): Promise<Row[]>;
  get(sql: string, ...values: readonly unknown[]): Promise<Row | undefined>;
}

export interface Sessions {
  /** Runs as one transaction: all or nothing. */
  transaction<T>(begin: string, run: (session: Session) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface SessionOptions {
  user: string;
  host: string;
  port: number;
  database: string;
  /** Asked at each connection, so that a new password needs no restart. */
  password?: (() => Promise<string>) | undefined;
  connections: number;
  /** Longest run of one statement, in milliseconds. */
  statement: number;
  /** Longest wait for a connection, in milliseconds: also for one that is in use. */
  wait: number;
}

/** How long after the server should have given up we do, in milliseconds: it may be out of reach. */
const grace = 2000;

export function createSessions({ connections, statement, wait, password, ...address }: SessionOptions): Sessions {
  const pool = new pg.Pool({
    ...address,
    ...(password && { password }),
    application_name: 'gocenter',
    max: connections,
    connectionTimeoutMillis: wait,
    idleTimeoutMillis: 30_000,
    allowExitOnIdle: true,
    keepAlive: true,
    statement_timeout: statement,
    query_timeout: statement + grace,
    idle_in_transaction_session_timeout: statement + grace,
    types: { getTypeParser },
  });
  // An idle connection that breaks is replaced when it is needed.
  pool.on('error', () => {});
  let closed: Promise<void> | undefined;

  return {
    async transaction(begin, run) {
      if (closed !== undefined) throw new Fault('unavailable', 'the catalogue is closed');
      const client = await pool.connect().catch(error => {
        throw failure(error);
      });
      // A connection that breaks says so here as well as to whoever waits.
      const ignore = () => {};
      client.on('error', ignore);
      const all: Session['all'] = async (sql, ...values) => {
        try {
          return (await client.query(sql, values.map(storable))).rows as Row[];
        } catch (error) {
          throw failure(error);
        }
      };
      let done = false;
      try {
        await all(begin);
        const result = await run({ all, get: async (sql, ...values) => (await all(sql, ...values))[0] });
        await all('COMMIT');
        done = true;
        return result;
      } finally {
        client.off('error', ignore);
        // Without its connection a transaction is undone, whatever has failed.
        client.release(!done);
      }
    },
    close() {
      closed ??= pool.end();
      return closed;
    },
  };
}

/** Counts and places are below 2^53. */
const getTypeParser: pg.CustomTypesConfig['getTypeParser'] = ((oid: number, format?: 'text' | 'binary') =>
  oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format as 'text')) as never;

/** PostgreSQL has no text with NUL; nothing that is kept under a name has a control character in it. */
function storable(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('\0', '\x01');
  return Array.isArray(value) ? value.map(storable) : value;
}
