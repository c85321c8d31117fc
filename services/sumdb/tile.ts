import { hashSize, pairHash, type Subtree } from './tlog.ts';

/**
 * Tiles: the log's hashes in files of height 8, as in golang.org/x/mod/sumdb/tlog. The tile `index` of `level` holds
 * `width` consecutive hashes of the tree's level 8 × `level`, from 256 × `index`; it stands for the whole subtree below
 * its own top.
 */
export interface Tile {
  level: number;
  index: number;
  /** 1 to 256; less than 256 only at the right edge of the tree. */
  width: number;
}

export const tileHeight = 8;
export const fullWidth = 2 ** tileHeight;

/** `tile/8/<level>/<index>[.p/<width>]`, the index in groups of three digits with an `x` before all but the last. */
export function tilePath({ level, index, width }: Tile): string {
  let digits = String(index % 1000).padStart(3, '0');
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    digits = `x${String(rest % 1000).padStart(3, '0')}/${digits}`;
  }
  return `tile/${tileHeight}/${level}/${digits}${width === fullWidth ? '' : `.p/${width}`}`;
}

export const fullTile = (tile: Tile): Tile => ({ ...tile, width: fullWidth });

/** How many hashes the tile has in a tree of `size` records; 0 or less when it is not in that tree. */
export function tileWidth(size: number, level: number, index: number): number {
  return Math.min(fullWidth, Math.floor(size / fullWidth ** level) - index * fullWidth);
}

/** The partial tiles of a tree of `size` records, lowest level first. Together they hold all that makes its root. */
export function edgeTiles(size: number): Tile[] {
  const tiles: Tile[] = [];
  for (let level = 0; fullWidth ** level <= size; level++) {
    const count = Math.floor(size / fullWidth ** level);
    if (count % fullWidth !== 0) tiles.push({ level, index: Math.floor(count / fullWidth), width: count % fullWidth });
  }
  return tiles;
}

/** Where a subtree's hash is: in which tile, and there on which level above its leaves and at which place. */
export function locate({ level, index }: Subtree): { level: number; index: number; inner: Subtree } {
  const above = level % tileHeight;
  const perTile = 2 ** (tileHeight - above);
  return {
    level: (level - above) / tileHeight,
    index: Math.floor(index / perTile),
    inner: { level: above, index: index % perTile },
  };
}

/** A tile's hashes and those of all complete subtrees over them: hashed once, so that proofs are look-ups. */
export class TileHashes {
  readonly width: number;
  readonly #levels: Buffer[];

  /** `leaves` must be a whole number of hashes, 1 to 256. They are copied. */
  constructor(leaves: Uint8Array) {
    this.width = leaves.length / hashSize;
    let level = Buffer.from(leaves);
    this.#levels = [level];
    while (level.length >= 2 * hashSize) {
      const above = Buffer.alloc(Math.floor(level.length / (2 * hashSize)) * hashSize);
      for (let at = 0; at < above.length; at += hashSize) above.set(pairHash(level, 2 * at), at);
      this.#levels.push(above);
      level = above;
    }
  }

  hash({ level, index }: Subtree): Buffer {
    const hash = this.#levels[level]?.subarray(index * hashSize, (index + 1) * hashSize);
    if (hash?.length !== hashSize) throw new RangeError(`no hash ${level}/${index} in a tile of ${this.width}`);
    return hash;
  }

  /** Hash of a full tile's whole subtree. */
  get top(): Buffer {
    return this.hash({ level: tileHeight, index: 0 });
  }

  leaf(index: number): Buffer {
    return this.hash({ level: 0, index });
  }

  /** The tile's own bytes. */
  get leaves(): Buffer {
    return this.#levels[0] ?? Buffer.alloc(0);
  }
}
