import { nodeHash } from './tlog.ts';
import type { TreeView } from './view.ts';

/** Consistency proofs (RFC 6962, section 2.1.2), in the order of golang.org/x/mod/sumdb/tlog.TreeProof. */

/** Proof of what the first `size` records of the tree are, 1 ≤ size ≤ its own. */
export function proveTree(view: TreeView, size: number): Promise<Buffer[]> {
  return prove(view, 0, view.tree.size, size);
}

async function prove(view: TreeView, from: number, to: number, size: number): Promise<Buffer[]> {
  if (size === to) return from === 0 ? [] : [await view.rangeHash(from, to)];
  const middle = from + splitPoint(to - from);
  return size <= middle
    ? [...(await prove(view, from, middle, size)), await view.rangeHash(middle, to)]
    : [...(await prove(view, middle, to, size)), await view.rangeHash(from, middle)];
}

export interface TreeClaim {
  size: number;
  root: Buffer;
}

/** Whether `proof` shows that the tree `newer` begins with the tree `older`. */
export function checkTree(proof: readonly Buffer[], newer: TreeClaim, older: TreeClaim): boolean {
  if (older.size < 1 || older.size > newer.size) return false;
  const roots = run(proof, 0, newer.size, older);
  return roots?.older.equals(older.root) === true && roots.newer.equals(newer.root);
}

function run(proof: readonly Buffer[], from: number, to: number, older: TreeClaim): Roots | undefined {
  const last = proof.at(-1);
  if (older.size === to) {
    if (from === 0) return proof.length === 0 ? { older: older.root, newer: older.root } : undefined;
    return proof.length === 1 && last !== undefined ? { older: last, newer: last } : undefined;
  }
  if (last === undefined) return undefined;
  const middle = from + splitPoint(to - from);
  const left = older.size <= middle;
  const roots = left ? run(proof.slice(0, -1), from, middle, older) : run(proof.slice(0, -1), middle, to, older);
  if (roots === undefined) return undefined;
  return left
    ? { older: roots.older, newer: nodeHash(roots.newer, last) }
    : { older: nodeHash(last, roots.older), newer: nodeHash(last, roots.newer) };
}

interface Roots {
  older: Buffer;
  newer: Buffer;
}

/** The greatest power of two below `count`, which is 2 or more. */
function splitPoint(count: number): number {
  let point = 1;
  while (point * 2 < count) point *= 2;
  return point;
}
