import { Fault } from '../errors.ts';
import { edgeTiles, fullWidth, locate, type Tile, type TileHashes, tilePath, tileWidth } from './tile.ts';
import type { FoundTile, ProvenTile, TileReader } from './tiles.ts';
import { foldRoot, type Subtree, subtrees, type Tree } from './tlog.ts';

/**
 * The hashes of one signed tree, read from tiles and proven to be in it before anybody sees them (as tlog's
 * TileHashReader does): the partial tiles on its right edge must give its root together, and every full tile must have
 * the hash that its parent tile says. Lives no longer than a lookup.
 *
 * A cached tile that does not fit is read from the database; one from the database that does not fit throws `security`.
 */
export class TreeView {
  readonly tree: Tree;
  readonly #source: TileReader;
  readonly #tiles = new Map<string, Promise<TileHashes>>();
  readonly #proven: ProvenTile[] = [];
  #edges: Promise<Map<string, TileHashes>> | undefined;

  constructor(tree: Tree, source: TileReader) {
    this.tree = tree;
    this.#source = source;
  }

  /** The tiles proven so far. */
  get proven(): readonly ProvenTile[] {
    return this.#proven;
  }

  /** Hash of a complete subtree of the tree. */
  async hash(subtree: Subtree): Promise<Buffer> {
    // A tile may be found wider than the tree's edge; what is beyond is not proven.
    if ((subtree.index + 1) * 2 ** subtree.level > this.tree.size) throw new RangeError('subtree beyond the tree');
    const { level, index, inner } = locate(subtree);
    return (await this.#tile(level, index)).hash(inner);
  }

  /** Hash of records [from, to), which must be aligned as RFC 6962 splits trees. */
  async rangeHash(from: number, to: number): Promise<Buffer> {
    return foldRoot(await Promise.all(subtrees(from, to).map(subtree => this.hash(subtree))));
  }

  /** The root that this tree had when it had `size` records. */
  rootAt(size: number): Promise<Buffer> {
    return this.rangeHash(0, size);
  }

  /** Hash of the record at `position`. */
  leafAt(position: number): Promise<Buffer> {
    return this.hash({ level: 0, index: position });
  }

  #tile(level: number, index: number): Promise<TileHashes> {
    const key = `${level}/${index}`;
    const known = this.#tiles.get(key);
    if (known !== undefined) return known;
    const width = tileWidth(this.tree.size, level, index);
    const tile = width < fullWidth ? this.#edgeTile(key) : this.#fullTile({ level, index, width });
    this.#tiles.set(key, tile);
    return tile;
  }

  async #fullTile(tile: Tile): Promise<TileHashes> {
    // Begun before the parent is awaited, so that a whole path of tiles is read at once.
    const finding = this.#source.find(tile);
    finding.catch(() => {}); // reported below, unless the parent fails first
    const parent = await this.#tile(tile.level + 1, Math.floor(tile.index / fullWidth));
    const expected = parent.leaf(tile.index % fullWidth);
    const fits = (found: FoundTile) => found.hashes.top.equals(expected);

    let found = await finding;
    if (!fits(found) && !found.fresh) found = await this.#source.fetch(tile);
    if (!fits(found)) throw this.#forged(tile);
    this.#proven.push({ tile, found });
    return found.hashes;
  }

  async #edgeTile(key: string): Promise<TileHashes> {
    this.#edges ??= this.#proveEdges();
    const tile = (await this.#edges).get(key);
    if (tile === undefined) throw new RangeError(`tile ${key} is not in a tree of ${this.tree.size} records`);
    return tile;
  }

  async #proveEdges(): Promise<Map<string, TileHashes>> {
    const tiles = edgeTiles(this.tree.size);
    let found = await Promise.all(tiles.map(tile => this.#source.find(tile)));
    if (!this.#giveRoot(tiles, found) && found.some(({ fresh }) => !fresh)) {
      found = await Promise.all(tiles.map(tile => this.#source.fetch(tile)));
    }
    if (!this.#giveRoot(tiles, found)) throw this.#forged(...tiles);
    const proven = zip(tiles, found);
    this.#proven.push(...proven);
    return new Map(proven.map(({ tile, found }) => [`${tile.level}/${tile.index}`, found.hashes]));
  }

  /** Whether these tiles of the right edge make the tree's root: every hash in them, up to the edge, takes part. */
  #giveRoot(tiles: readonly Tile[], found: readonly FoundTile[]): boolean {
    const byLevel = new Map(zip(tiles, found).map(({ tile, found }) => [tile.level, found.hashes]));
    const parts = subtrees(0, this.tree.size).map(subtree => {
      const { level, inner } = locate(subtree);
      return byLevel.get(level)?.hash(inner) ?? Buffer.alloc(0);
    });
    return foldRoot(parts).equals(this.tree.root);
  }

  #forged(...tiles: Tile[]): Fault {
    const paths = tiles.map(tilePath).join(', ');
    return new Fault('security', `forged tile: ${paths} not in the signed tree of ${this.tree.size} records`);
  }
}

function zip(tiles: readonly Tile[], found: readonly FoundTile[]): ProvenTile[] {
  return tiles.flatMap((tile, i) => {
    const hashes = found[i];
    return hashes === undefined ? [] : [{ tile, found: hashes }];
  });
}
