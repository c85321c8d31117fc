import type { Summary } from './columns.ts';
import { isHigher } from './newest.ts';

/** What a module requires: of each, the newest version that requires it. */
export interface Edge {
  version: string;
  requires: string;
  indirect: boolean;
}

/** Takes in what a version requires. `newest` is the newest version of its module: what it requires, it wins. */
export function mergeEdges(
  edges: Map<string, Edge>,
  version: string,
  summary: Summary,
  newest: string | undefined,
): void {
  for (const { module, version: requires, indirect } of summary.requirements) {
    const old = edges.get(module);
    const wins = old === undefined || version === newest || (old.version !== newest && !isHigher(old.version, version));
    // Required twice by one version, as go.mod allows: the higher counts.
    const twice = old?.version === version && isHigher(old.requires, requires);
    if (wins && !twice) edges.set(module, { version, requires, indirect });
  }
}
