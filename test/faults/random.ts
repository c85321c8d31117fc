/** Numbers that look random, the same for the same seed: Marsaglia's xorshift32. From 0 to 1, 1 excluded. */
export function createRandom(seed: number): () => number {
  let state = Math.imul(seed, 2_654_435_761) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
