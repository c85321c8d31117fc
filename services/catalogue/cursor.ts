import { Fault } from '../errors.ts';

/** A place in a list as text that clients hand back: opaque to them, and never part of a statement. */
export const writeCursor = (method: string, place: readonly (string | number)[]) =>
  Buffer.from(JSON.stringify([method, ...place])).toString('base64url');

/** Throws `invalid` for what `method` can't have given: its places have values of these types. */
export function readCursor<const T extends readonly ('string' | 'number')[]>(
  cursor: string,
  method: string,
  types: T,
): { [K in keyof T]: T[K] extends 'string' ? string : number } {
  try {
    const [name, ...place] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    const fits = place.length === types.length && place.every((value, i) => typeof value === types[i]);
    const sound = place.every(value => typeof value !== 'number' || (Number.isSafeInteger(value) && value >= 0));
    if (name === method && fits && sound) return place as never;
  } catch {
    // no cursor of ours
  }
  throw new Fault('invalid', 'the cursor is not one that this list has given: begin without one');
}

/** Throws `invalid` unless 1 ≤ limit ≤ most. */
export function checkLimit(limit: number, most: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > most) {
    throw new Fault('invalid', `limit must be a whole number from 1 to ${most}`);
  }
}
