/** IPv4 address ranges, as numbers. */
export interface Range {
  first: number;
  last: number;
  bits: number;
}

/** Parses `10.0.0.0/20`. Undefined when it is no range, or not one's first address. */
export function parseRange(text: string): Range | undefined {
  const [address = '', length = ''] = text.split('/');
  const bytes = address.split('.').map(Number);
  const bits = Number(length);
  if (bytes.length !== 4 || bytes.some(byte => byte > 255) || bits > 32) return undefined;
  const first = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  const size = 2 ** (32 - bits);
  return first % size === 0 ? { first, last: first + size - 1, bits } : undefined;
}

export const overlap = (one: Range, other: Range): boolean => one.first <= other.last && other.first <= one.last;
