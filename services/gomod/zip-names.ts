import { Fault } from '../errors.ts';
import { checkFilePath } from './path.ts';
import { quote } from './quote.ts';
import { foldCase } from './unicode.ts';

/** A folder of the module by its entries' folded names, or a file. */
interface Node {
  name: string;
  /** Undefined for a file. */
  entries: Map<string, Node> | undefined;
  /** Whether the zip lists it, rather than only something in it. */
  listed: boolean;
}

export interface ZipNames {
  /**
   * Takes the next entry and returns its path within the module, '' for the module's own folder. Throws `invalid`
   * when it must not stand in a module zip, or not beside those before.
   */
  add(name: string): string;
}

/**
 * What CheckZip of golang.org/x/mod/zip asks of names: "Module zip files" in the Go Modules Reference. Stricter: the
 * same folder listed twice, and more than `maxFolders` folders.
 */
export function createZipNames(prefix: string, maxFolders: number): ZipNames {
  const root: Node = { name: '', entries: new Map(), listed: false };
  let folders = 0;

  function add(name: string): string {
    if (!name.startsWith(prefix)) throw new Fault('invalid', `its name does not begin with ${quote(prefix)}`);
    const path = name.slice(prefix.length);
    const isFolder = path === '' || path.endsWith('/');
    const clean = path.endsWith('/') ? path.slice(0, -1) : path;
    if (path !== '') checkFilePath(clean);
    const node = clean === '' ? root : insert(clean, isFolder);
    if (node.listed) throw new Fault('invalid', 'it is listed twice');
    node.listed = true;
    if (!isFolder) checkGoModName(path);
    return path;
  }

  function insert(path: string, isFolder: boolean): Node {
    const elements = path.split('/');
    let node = root;
    for (const [i, name] of elements.entries()) {
      const inner = i < elements.length - 1 || isFolder;
      const key = foldCase(name);
      let next = node.entries?.get(key);
      if (next === undefined) {
        if (inner && ++folders > maxFolders) throw new Fault('invalid', `there are more than ${maxFolders} folders`);
        next = { name, entries: inner ? new Map() : undefined, listed: false };
        node.entries?.set(key, next);
      }
      if (next.name !== name) {
        throw new Fault('invalid', `${quote(name)} and ${quote(next.name)} differ only in case`);
      }
      if (inner !== (next.entries !== undefined)) {
        throw new Fault('invalid', `${quote(name)} is both a file and a folder`);
      }
      node = next;
    }
    return node;
  }

  return { add };
}

function checkGoModName(path: string): void {
  const base = path.slice(path.lastIndexOf('/') + 1);
  if (foldCase(base) !== 'go.mod' || path === 'go.mod') return;
  throw new Fault(
    'invalid',
    base === path ? 'go.mod must have a lower-case name' : 'go.mod is only allowed at the root',
  );
}
