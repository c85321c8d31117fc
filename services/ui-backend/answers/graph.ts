import { checkModulePath } from '../../gomod/path.ts';
import { type Handlers, notHere, orNull, publishedOf } from './handlers.ts';
import { requirementTree } from './tree.ts';

/** Versions that the catalogue gives at once. */
const atOnce = 1000;

export const graphAnswers: Pick<Handlers, 'requirements' | 'usedBy'> = {
  async requirements({ depth = 3, limit = 500, ...wanted }, view) {
    const root = await publishedOf(view, wanted);
    const look = async (versions: Parameters<typeof view.catalogue.versions>[0]) => {
      const found = [];
      for (let start = 0; start < versions.length; start += atOnce) {
        found.push(...(await view.catalogue.versions(versions.slice(start, start + atOnce))));
      }
      return found;
    };
    const { nodes, more } = await requirementTree(root, look, { depth, limit });
    return { module: root.module, version: root.version, nodes, more };
  },

  async usedBy({ module, version, all, cursor, limit = 50 }, { reader, catalogue }) {
    checkModulePath(module);
    // A module that is not here may have users here, but one that must not be seen has none.
    if (!reader.maySee(module)) throw notHere(module);
    const page = await catalogue.usedBy({ module, version, all, cursor, limit });
    if (page.total === 0 && (await catalogue.modules([module]))[0] === undefined) throw notHere(module);
    return {
      items: page.items.map(({ module, version, requires, indirect, current, usedBy }) => ({
        module,
        version,
        requires,
        indirect,
        current,
        usedBy,
      })),
      next: orNull(page.next),
      total: page.total,
    };
  },
};
