import { connect, isIPv6, type LookupFunction, type Socket } from 'node:net';
import { Fault } from '../../errors.ts';
import { within } from '../../within.ts';
import type { Guard } from './guard.ts';

/** Enough for a slow network; what takes longer would rather be tried again. */
const longestConnect = 10_000;

/**
 * Connects to a host that the guard lets pass, at one of the very addresses that it checked; of several, Node tries
 * them as in RFC 8305. Throws `refused`, `unavailable`, or `timed-out` after `timeout` ms (10 s at most).
 */
export async function connectChecked(guard: Guard, host: string, port: number, timeout: number): Promise<Socket> {
  const limit = Math.min(timeout, longestConnect);
  const started = performance.now();
  const endpoints = await inTime(guard.resolve(host, port), limit, host);
  const first = endpoints[0];
  if (first === undefined) throw new Fault('unavailable', `${host} has no address`);
  const addresses = endpoints
    .filter(endpoint => endpoint.port === first.port)
    .map(({ address }) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  const several: LookupFunction = (_host, _options, done) => done(null, addresses);
  const socket =
    addresses.length === 1
      ? connect({ host: first.address, port: first.port })
      : connect({ host, port: first.port, autoSelectFamily: true, lookup: several });
  const connected = new Promise<Socket>((resolve, reject) => {
    socket.once('connect', () => resolve(socket));
    socket.once('error', error => {
      reject(new Fault('unavailable', `${host} can't be connected to (${codeOf(error)})`, { cause: error }));
    });
  });
  try {
    return await inTime(connected, Math.max(1, limit - (performance.now() - started)), host);
  } catch (error) {
    socket.on('error', () => {}).destroy();
    throw error;
  }
}

const inTime = <T>(promise: Promise<T>, ms: number, host: string): Promise<T> =>
  within(ms, promise, () => new Fault('timed-out', `${host} can't be connected to in time`));

const codeOf = (error: Error & { code?: unknown }) => (typeof error.code === 'string' ? error.code : error.message);
