export interface Address {
  user: string;
  /** A name or an address; a folder, when it begins with `/`, has the server's Unix socket. */
  host: string;
  port: number;
  database: string;
}

/** `postgres://user@host[:port]/database`; a folder as host is written with `%2F`. The password is never part of it. */
export function parseAddress(text: string): Address {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'postgres:' || url.username === '' || url.hostname === '' || !/^\/[^/]+$/.test(url.pathname)) {
    throw new Error('must be written postgres://<user>@<host>:<port>/<database>');
  }
  if (url.password !== '') throw new Error('must not have the password: write it to CATALOGUE_PASSWORD_FILE');
  if (url.search !== '' || url.hash !== '') throw new Error('must end with the name of the database');
  return {
    user: decodeURIComponent(url.username),
    host: decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port || 5432),
    database: decodeURIComponent(url.pathname.slice(1)),
  };
}
