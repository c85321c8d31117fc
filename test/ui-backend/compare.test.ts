import { describe, expect, it } from 'vitest';
import { compareVersions } from '../../services/ui-backend/answers/compare.ts';
import { versionDetail } from './facts.ts';

const module = 'a.example';
const requirement = (name: string, version: string, indirect = false) => ({ module: name, version, indirect });
const pack = (path: string, exported: string[], more = {}) => ({
  path,
  name: 'x',
  synopsis: '',
  internal: false,
  exported,
  ...more,
});
const file = (name: string, size: number, crc32: number) => ({ name, size, crc32 });

describe('comparing two versions', () => {
  it('finds nothing between a version and itself', () => {
    const one = versionDetail({
      module,
      version: 'v1.0.0',
      requirements: [requirement('b.example', 'v1.0.0')],
      files: [file('a.go', 1, 2)],
      packages: [pack(module, ['func A'])],
      licenceFiles: [{ id: 'MIT', confidence: 1, file: 'LICENSE' }],
    });
    const { requirements, licences, files, api } = compareVersions(one, one);
    expect({ requirements, licences, files: files.items, api: api.packages }).toEqual({
      requirements: [],
      licences: [],
      files: [],
      api: [],
    });
  });

  it('finds what is added, removed and changed', () => {
    const from = versionDetail({
      module,
      version: 'v1.0.0',
      requirements: [requirement('b.example', 'v1.0.0'), requirement('c.example', 'v1.0.0')],
      files: [file('a.go', 1, 1), file('b.go', 1, 1), file('same.go', 1, 1)],
      packages: [pack(module, ['func A', 'func B']), pack(`${module}/old`, ['func O'])],
      licenceFiles: [{ id: 'MIT', confidence: 1, file: 'LICENSE' }],
    });
    const to = versionDetail({
      module,
      version: 'v1.1.0',
      requirements: [requirement('b.example', 'v1.2.0'), requirement('d.example', 'v1.0.0', true)],
      files: [file('a.go', 1, 2), file('c.go', 5, 1), file('same.go', 1, 1)],
      packages: [pack(module, ['func B', 'func C']), pack(`${module}/new`, ['func N'])],
      licenceFiles: [{ id: 'Apache-2.0', confidence: 1, file: 'LICENSE' }],
    });
    expect(compareVersions(from, to)).toMatchObject({
      requirements: [
        { module: 'b.example', from: 'v1.0.0', to: 'v1.2.0', indirect: false },
        { module: 'c.example', from: 'v1.0.0', to: null },
        { module: 'd.example', from: null, to: 'v1.0.0', indirect: true },
      ],
      licences: [{ file: 'LICENSE', from: 'MIT', to: 'Apache-2.0' }],
      files: {
        items: [
          { name: 'a.go', from: 1, to: 1 },
          { name: 'b.go', from: 1, to: null },
          { name: 'c.go', from: null, to: 5 },
        ],
        added: 1,
        removed: 1,
        changed: 1,
        complete: true,
      },
      api: {
        packages: [
          { path: module, state: 'changed', added: ['func C'], removed: ['func A'] },
          { path: `${module}/new`, state: 'added', added: ['func N'], removed: [] },
          { path: `${module}/old`, state: 'removed', added: [], removed: ['func O'] },
        ],
        complete: true,
      },
    });
  });

  it('finds what is declared differently, where both declarations are known', () => {
    const side = (version: string, declared?: string[]) =>
      versionDetail({
        ...{ module, version, packages: [pack(module, ['func Frob', 'func Same'], declared && { declared })] },
      });
    const from = side('v1.0.0', ['func Frob(a int)', 'func Same()']);
    const to = side('v1.1.0', ['func Frob(a, b int)', 'func Same()']);
    const changed = [{ name: 'func Frob', from: 'func Frob(a int)', to: 'func Frob(a, b int)' }];
    expect(compareVersions(from, to).api.packages).toEqual([
      { path: module, state: 'changed', added: [], removed: [], changed },
    ]);
    expect(compareVersions(side('v0.9.0'), to).api.packages).toEqual([]);
  });

  it.each([
    ['func Bind', 'func Bind(obj interface{}) error', 'func Bind(obj any) error', false],
    ['type Map', 'type Map map[string]interface {}', 'type Map map[string]any', false],
    ['var Form', 'var Form', 'var Form Binding', false],
    ['var Form', 'var Form Binding', 'var Form', false],
    ['var Form', 'var Form Binding', 'var Form Other', true],
    ['func Bind', 'func Bind(obj interface{ M() })', 'func Bind(obj any)', true],
    ['type Form', 'type Form', 'type Form struct {}', true],
  ])('%s: whether %j differs from %j: %s', (name, before, after, differs) => {
    const side = (version: string, declared: string) =>
      versionDetail({ module, version, packages: [pack(module, [name], { declared: [declared] })] });
    const { packages } = compareVersions(side('v1.0.0', before), side('v1.1.0', after)).api;
    expect(packages.length > 0).toBe(differs);
  });

  it('leaves out what nobody can import: internal packages and commands', () => {
    const from = versionDetail({ module, version: 'v1.0.0' });
    const hidden = [
      pack(`${module}/internal/x`, ['func A'], { internal: true }),
      pack(`${module}/cmd`, [], { name: 'main' }),
    ];
    expect(compareVersions(from, { ...from, packages: hidden }).api.packages).toEqual([]);
  });

  it('says when it does not know everything', () => {
    const from = versionDetail({ module, version: 'v1.0.0' });
    const many = Array.from({ length: 3000 }, (_, index) => file(`${index}.go`, 1, 1));
    const more = versionDetail({ module, version: 'v1.1.0', files: many, packagesComplete: false });
    const { files, api } = compareVersions(from, more);
    expect(files).toMatchObject({ added: 3000, complete: false });
    expect(files.items.length).toBeLessThan(3000);
    expect(api.complete).toBe(false);
  });
});
