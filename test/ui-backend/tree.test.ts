import { describe, expect, it } from 'vitest';
import { requirementTree } from '../../services/ui-backend/answers/tree.ts';
import { versionSummary } from './facts.ts';

/** A world of modules at v1.0.0: what each requires, `~` for indirectly. */
function tree(world: Record<string, string>, options: { depth?: number; limit?: number } = {}) {
  const version = 'v1.0.0';
  const of = (module: string) =>
    versionSummary({
      module,
      version,
      requirements: (world[module] ?? '')
        .split(' ')
        .filter(name => name !== '')
        .map(name => ({ module: name.replace('~', ''), version, indirect: name.startsWith('~') })),
    });
  let asked = 0;
  const look = async (wanted: readonly { module: string }[]) => {
    asked += wanted.length;
    return wanted.map(({ module }) => (Object.hasOwn(world, module) ? of(module) : undefined));
  };
  return requirementTree(of('root'), look, { depth: 10, limit: 500, ...options }).then(({ nodes, more }) => ({
    lines: nodes.map(({ module, depth, state }) => `${'-'.repeat(depth)}${module} ${state}`),
    nodes,
    more,
    asked,
  }));
}

describe('the requirements tree', () => {
  it('is told in preorder, each node once with its own requirements', async () => {
    const { lines } = await tree({ root: 'a b', a: 'c', b: 'c', c: 'd', d: '' });
    expect(lines).toEqual(['-a open', '--c open', '---d leaf', '-b open', '--c repeated']);
  });

  it('ends at cycles', async () => {
    const { lines } = await tree({ root: 'a', a: 'b root', b: 'a' });
    expect(lines).toEqual(['-a open', '--b open', '---a cycle', '--root cycle']);
  });

  it('tells what is not here, and what is deeper than asked for', async () => {
    expect((await tree({ root: 'a x', a: 'b', b: 'c', c: '' }, { depth: 1 })).lines).toEqual(['-a cut', '-x absent']);
    expect((await tree({ root: 'a', a: 'b', b: 'c', c: '' }, { depth: 2 })).lines).toEqual(['-a open', '--b cut']);
  });

  it('has indirect requirements on its first level only', async () => {
    const { nodes } = await tree({ root: 'a ~b', a: '~c', b: '', c: '' });
    expect(nodes.map(({ module, indirect }) => [module, indirect])).toEqual([
      ['a', false],
      ['b', true],
    ]);
  });

  it('is cut at its limit, in nodes and in look-ups, however wide and deep the world is', async () => {
    const names = Array.from({ length: 60 }, (_, index) => `m${index}`);
    const world = Object.fromEntries([...names, 'root'].map(name => [name, names.join(' ')]));
    const { nodes, more, asked } = await tree(world, { depth: 20, limit: 100 });
    expect(nodes).toHaveLength(100);
    expect(more).toBe(true);
    expect(asked).toBeLessThanOrEqual(100);
  });
});
