/** The record with each value replaced, keys and their types kept. */
export function mapValues<K extends string, V, W>(record: Readonly<Record<K, V>>, make: (value: V, key: K) => W) {
  return Object.fromEntries(Object.entries<V>(record).map(([key, value]) => [key, make(value, key as K)])) as Readonly<
    Record<K, W>
  >;
}
