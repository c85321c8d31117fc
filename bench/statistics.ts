export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = Number.NaN, high = Number.NaN] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}

/** Each field at its own median. */
export function medians<T extends object>(samples: readonly T[]): T {
  const [first] = samples;
  if (first === undefined) throw new Error('no samples');
  const fields = Object.keys(first) as (keyof T)[];
  return Object.fromEntries(fields.map(field => [field, median(samples.map(sample => Number(sample[field])))])) as T;
}
