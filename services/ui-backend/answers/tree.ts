import type { ModuleVersion, Requirement, VersionSummary } from '../../catalogue/index.ts';
import type { RequirementNode } from '../schemas/graph.ts';

export interface TreeOptions {
  /** Levels below the root. */
  depth: number;
  /** Nodes at most. */
  limit: number;
}

const nameOf = ({ module, version }: ModuleVersion) => `${module}@${version}`;

/**
 * The requirements below `root` in preorder (schemas/graph.ts). `look` gives what is known of versions, a level at a
 * time. Each version's requirements are told once, so size and time are bounded by the versions there are, and by
 * `limit`. Below the first level indirect requirements are left out: they are told where they come from.
 */
export async function requirementTree(
  root: ModuleVersion & { requirements: readonly Requirement[] },
  look: (wanted: readonly ModuleVersion[]) => Promise<(VersionSummary | undefined)[]>,
  { depth, limit }: TreeOptions,
): Promise<{ nodes: RequirementNode[]; more: boolean }> {
  const known = new Map<string, readonly Requirement[] | undefined>([[nameOf(root), root.requirements]]);
  let level = [...root.requirements];
  for (let at = 1; at <= depth && level.length > 0 && known.size <= limit; at += 1) {
    const wanted = new Map(level.map(requirement => [nameOf(requirement), requirement]));
    for (const name of known.keys()) wanted.delete(name);
    const asked = [...wanted.values()].slice(0, limit);
    const found = await look(asked);
    level = [];
    for (const [index, version] of found.entries()) {
      const its = version?.status === 'published' ? direct(version.requirements) : undefined;
      const requirement = asked[index];
      if (requirement !== undefined) known.set(nameOf(requirement), its);
      level.push(...(its ?? []));
    }
  }
  return write(root, known, { depth, limit });
}

const direct = (requirements: readonly Requirement[]) => requirements.filter(({ indirect }) => !indirect);

function write(
  root: ModuleVersion,
  known: ReadonlyMap<string, readonly Requirement[] | undefined>,
  { depth, limit }: TreeOptions,
) {
  const nodes: RequirementNode[] = [];
  const told = new Set([nameOf(root)]);
  const above = new Set([nameOf(root)]);
  let more = false;

  const stateOf = (name: string, at: number): RequirementNode['state'] => {
    if (above.has(name)) return 'cycle';
    if (!known.has(name)) return 'cut';
    const requirements = known.get(name);
    if (requirements === undefined) return 'absent';
    if (requirements.length === 0) return 'leaf';
    if (told.has(name)) return 'repeated';
    return at < depth ? 'open' : 'cut';
  };
  /** Recursion is as deep as `depth` allows, 20 at most. */
  const visit = (name: string, at: number) => {
    for (const requirement of known.get(name) ?? []) {
      if (nodes.length >= limit) {
        more = true;
        return;
      }
      const below = nameOf(requirement);
      const state = stateOf(below, at);
      const { module, version, indirect } = requirement;
      nodes.push({ module, version, depth: at, indirect, state });
      if (state !== 'open') continue;
      told.add(below);
      above.add(below);
      visit(below, at + 1);
      above.delete(below);
    }
  };
  visit(nameOf(root), 1);
  return { nodes, more };
}
