import { poolNames } from '../services.ts';
import { overlap, parseRange, type Range } from './ranges.ts';
import type { Stage } from './schema.ts';

/** Pods a node: each node takes a /25 of the pods' range, twice as many addresses as pods. */
const podBitsPerNode = 7;

/** Smallest ranges, by the number of their bits. */
const bits = { nodes: 26, pods: 21, services: 24, controlPlane: 28, databases: 24 } as const;

export function networkFaults({ network, pools }: Stage): string[] {
  const faults: string[] = [];
  const ranges = new Map<string, Range>();
  for (const [name, most] of Object.entries(bits) as [keyof typeof bits, number][]) {
    const text = network[name];
    const range = parseRange(text);
    if (!range) {
      faults.push(`network.${name} is ${text}, which is not the first address of a range`);
      continue;
    }
    if (name === 'controlPlane' ? range.bits !== most : range.bits > most) {
      faults.push(`network.${name} is ${text}: it must be ${name === 'controlPlane' ? 'a' : 'at least a'} /${most}`);
    }
    for (const [other, taken] of ranges) {
      if (overlap(range, taken)) {
        faults.push(`network.${name} is ${text}, which overlaps network.${other}, ${network[other as typeof name]}`);
      }
    }
    ranges.set(name, range);
  }
  const nodes = poolNames.reduce((sum, pool) => sum + pools[pool].max, 0);
  const pods = ranges.get('pods');
  const room = pods ? 2 ** (32 - pods.bits - podBitsPerNode) : Infinity;
  if (nodes > room) {
    faults.push(`network.pods is ${network.pods}, enough for ${room} nodes: the pools may have ${nodes} together`);
  }
  return faults;
}
