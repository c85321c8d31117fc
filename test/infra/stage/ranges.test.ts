import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { overlap, parseRange, type Range } from '../../../infra/stage/ranges.ts';

const parsed = (text: string): Range => {
  const range = parseRange(text);
  if (!range) throw new Error(`${text} is no range`);
  return range;
};

describe('address ranges', () => {
  it.each(['10.0.0.1/20', '10.0.0.0/33', '256.0.0.0/8', '10.0.0/8', '10.0.0.0'])('%s is none', text => {
    expect(parseRange(text)).toBeUndefined();
  });

  it('overlap when one has an address of the other', () => {
    expect(overlap(parsed('10.0.0.0/8'), parsed('10.200.0.0/16'))).toBe(true);
    expect(overlap(parsed('10.0.0.0/16'), parsed('10.1.0.0/16'))).toBe(false);
  });

  it('overlap in both directions or in none, and always with themselves', () => {
    const range = fc.tuple(fc.nat(0xff_ff_ff_ff), fc.integer({ min: 1, max: 32 })).map(([address, bits]) => {
      const first = address - (address % 2 ** (32 - bits));
      const bytes = [24, 16, 8, 0].map(shift => Math.floor(first / 2 ** shift) % 256);
      return parsed(`${bytes.join('.')}/${bits}`);
    });
    fc.assert(
      fc.property(range, range, (one, other) => {
        expect(overlap(one, other)).toBe(overlap(other, one));
        expect(overlap(one, one)).toBe(true);
      }),
    );
  });
});
