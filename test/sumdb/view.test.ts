import { describe, expect, it } from 'vitest';
import { checkTree, proveTree } from '../../services/sumdb/proof.ts';
import { edgeTiles, fullWidth, tilePath, tileWidth } from '../../services/sumdb/tile.ts';
import { TileSource } from '../../services/sumdb/tiles.ts';
import { TreeView } from '../../services/sumdb/view.ts';
import { createMemoryCache, faultOf } from './helpers.ts';
import { parseTilePath, TestLog } from './log.ts';

// Trees with one, two and three levels of tiles, with few and with many hashes on the right edge.
const sizes = [1, 2, 255, 256, 257, 511, 700, 65_535, 65_536, 66_559];
const log = new TestLog(66_559);

type Tamper = (bytes: Buffer, path: string) => Buffer;

function view(size: number, tamper: Tamper = bytes => bytes, cache = createMemoryCache()) {
  const read = async (path: string) => tamper(log.read(path, size), path);
  return new TreeView({ size, root: log.root(size) }, new TileSource({ read, cache, maxTiles: 64 }));
}

/** Positions at the edges of tiles, and some between. */
const positions = (size: number) =>
  [0, 1, 254, 255, 256, 257, 511, 512, 40_000, 65_535, 65_536, size - 2, size - 1].filter(at => at >= 0 && at < size);

/** Every tile on the way from a record to the root. */
function tilesAbove(position: number, size: number) {
  const tiles = edgeTiles(size);
  for (let level = 0, at = Math.floor(position / 256); ; level++, at = Math.floor(at / 256)) {
    if (tileWidth(size, level, at) < fullWidth) return tiles;
    tiles.push({ level, index: at, width: fullWidth });
  }
}

describe('TreeView', () => {
  it.each(sizes)('of %i records gives every record and every earlier root', async size => {
    const tree = view(size);
    for (const at of positions(size)) expect(await tree.leafAt(at)).toEqual(log.subtree(0, at));
    for (const at of [0, ...positions(size), size]) expect(await tree.rootAt(at)).toEqual(log.root(at));
  });

  it.each(sizes)('of %i records refuses each hash of each tile on the way when it is forged', async size => {
    for (const at of [...new Set([0, Math.floor(size / 2), size - 1])]) {
      for (const tile of tilesAbove(at, size)) {
        // Each of many hashes would do the same work: the ends, and one place of each of the edge's subtrees.
        for (const forged of [0, 1, 2, 4, 8, 16, 32, 64, 128, tile.width - 1].filter(place => place < tile.width)) {
          const tree = view(size, (bytes, path) =>
            path === tilePath(tile) ? Buffer.from(bytes).fill(0, forged * 32, forged * 32 + 32) : bytes,
          );
          const fault = await faultOf(tree.leafAt(at));
          expect(fault).toMatchObject({ kind: 'security', message: expect.stringContaining(tilePath(tile)) });
        }
      }
    }
  });

  it('refuses a branch of tiles that agree among themselves but not with the root', async () => {
    const forged = new TestLog(66_559 - 1);
    forged.add('other');
    for (const levels of [[0], [0, 1], [0, 1, 2]]) {
      const size = 66_559;
      const tree = view(size, (bytes, path) => {
        const { level, index, width } = parseTilePath(path);
        return levels.includes(level) ? forged.tile(level, index, width) : bytes;
      });
      expect(await faultOf(tree.leafAt(size - 1))).toMatchObject({ kind: 'security' });
    }
  });

  it('does not answer for what is beyond its tree, even when a wider tile is at hand', async () => {
    const cache = createMemoryCache();
    cache.tiles.set('tile/8/0/000', log.tile(0, 0, 256));
    const tree = view(100, undefined, cache);
    expect(await tree.leafAt(99)).toEqual(log.subtree(0, 99));
    await expect(tree.leafAt(100)).rejects.toThrow(RangeError);
    await expect(tree.rootAt(128)).rejects.toThrow(RangeError);
  });

  it('reads a cached tile that does not fit from the database', async () => {
    for (const damage of [Buffer.alloc(8192), Buffer.alloc(8191), Buffer.alloc(0)]) {
      const cache = createMemoryCache();
      for (const path of ['tile/8/0/000', 'tile/8/1/000', 'tile/8/0/x001/003']) cache.tiles.set(path, damage);
      expect(await view(66_559, undefined, cache).leafAt(0)).toEqual(log.subtree(0, 0));
    }
  });

  it('reads all tiles on the way at once', async () => {
    let waiting = 0;
    let most = 0;
    const read = async (path: string) => {
      most = Math.max(most, ++waiting);
      await new Promise(setImmediate);
      waiting--;
      return log.read(path);
    };
    const source = new TileSource({ read, cache: createMemoryCache(), maxTiles: 64 });
    await new TreeView({ size: 66_559, root: log.root() }, source).leafAt(0);
    expect(most).toBe(5); // three on the edge, two above the record
  });
});

describe('consistency proofs', () => {
  it.each(sizes)('show the earlier trees of one of %i records, and no others', async size => {
    const tree = view(size);
    for (const older of [1, 2, 100, 255, 256, 600, 65_536, 66_000, size].filter(older => older <= size)) {
      const proof = await proveTree(tree, older);
      const claim = { size: older, root: log.root(older) };
      expect(checkTree(proof, tree.tree, claim)).toBe(true);
      expect(checkTree(proof, tree.tree, { size: older, root: Buffer.alloc(32) })).toBe(false);
      expect(checkTree(proof, { size, root: Buffer.alloc(32) }, claim)).toBe(false);
      expect(checkTree([...proof, Buffer.alloc(32)], tree.tree, claim)).toBe(false);
      if (proof.length > 0) expect(checkTree(proof.slice(1), tree.tree, claim)).toBe(false);
      if (proof.length > 0) expect(checkTree([Buffer.alloc(32), ...proof.slice(1)], tree.tree, claim)).toBe(false);
    }
    expect(checkTree([], tree.tree, { size: size + 1, root: tree.tree.root })).toBe(false);
    expect(checkTree([], tree.tree, { size: 0, root: tree.tree.root })).toBe(false);
  });

  it('of a Certificate Transparency log (x/mod, testdata/argon2020) are accepted', () => {
    const newer = { size: 961_984_013, root: Buffer.from('dwlueapdd7LaOEnX2W2Wp9v2XE+KzejHRQGHwEx0oaM=', 'base64') };
    const older = { size: 3_654_490, root: Buffer.from('AuIZ5V6sDUj1vn3Y1K85oOaQ7y+FJJKtyRTl1edIKBQ=', 'base64') };
    const proof = argon2020.map(hash => Buffer.from(hash, 'base64'));
    expect(checkTree(proof, newer, older)).toBe(true);
    expect(checkTree(proof, newer, { ...older, size: older.size + 1 })).toBe(false);
  });
});

const argon2020 = [
  '80Sfbj6UQEdVSZCSIgh9NMPj3vCBzcc1A48B2crJSWg=',
  'FZcrgAHUk6nNPviJZq8kEK6jCG1d18pJOFE45ZDc1TQ=',
  'Q67reWXmPBo1UfmwBap4Xi9PMPfFdUSSw3WGlRZdG7k=',
  'eJ7CyhR4PxzBxDIsWgrVYW1eFUb9ndgf46tFmiqVrxA=',
  'QrDwp062Grm5WY8KdrhFsBuuNjGzRox2Jb8PmVL5OYw=',
  'XM4YMjMEdLH/XJam/ZWyaP14k3cmsOtnPsOWQ54lW1s=',
  'SGiBh+jOTGccXU48ZzgQ88lRcBmtB4wz4oSDndv2QTg=',
  'WAS6txqNLYKGL1GdBdpqmV42TTfn6cJsuDsqLXuTCNI=',
  'QFmRS0rirUA7ZN3lxFjDncV+E1OCrn3NUB4RCp+5fzc=',
  'Hdbp7It2XBNZmNDBpCN/KPd7vfVqxgzwOosqVIaEA9E=',
  'mxvHL0ZiblBdD7j7pIa1jlfB0gSqfJ6oX0UGo7L0VsU=',
  'q5hjyvoW6TL/PThgcitpDcSTrnKX2p1+aqscqH2euRA=',
  'jTOWDqt3IHj2NVFeezyBz2ofpru+ztEywqKUAfFclKI=',
  'GIRn0w3HqJdvU9j1WVD//eR6lk2AaTVjyzjsJNP8U88=',
  'x52GJvxG81fnQBrgOTbll1A5tz95/LXK0Ag1NhB0r1I=',
  '6/0OqrcTgc3o5dD5PymmoC96lB9yLPFuTHVvLy8fSGk=',
  'Gf+iKLfcXO5l4JEFmsZvSdG5q1uEeWPfYLrds6pmjz0=',
  'DGuaco+McyM3AfRSF6qX7RwSetwe2ieYJmxw5e9rVx0=',
  '2tQJ9V32hnYp+fdpP6TcjmgJmLeNVOMKM0Ml1kk4cNU=',
  '3PapK+IkyJr8I9yAErAmzuZezzLMzsg+PfeRCgNW8NQ=',
  's6xiYeejb+wtqHA+URJZ2I/SCPyIW8coP6aB00FJbMY=',
  'z9lSpmdTcr5M5ZzKlc4EPh3SrSypKFdk6JUF/UccaZU=',
  'GXIElfmnRuWfbA4z7ubV/UwlpSRUbUeec7oL5HDDnh0=',
  'pR0SH/NYP6s9+8azWwaeUXA4Ze/3WCIgMfh5YW6wvcE=',
  'f3GuAKYVrF8RBg3s15jvA/YvV9oAliWtzP/imwPhQVA=',
  'WHn8zDxlVgkV+lSlmzaOdfSBrTHoRr5nT3d76q0KKWE=',
  'f2uV2ZxVgULzLPKuZcowRY3ZY7fRlX59iDBjV1R8kNQ=',
  'NzQVjJsvQwbi7WStMr9oFkh9VbHfK7LB6o7WwAqwNTs=',
  'C0LttBeYHZHgL+032JIcJC3CTBIyza/hsbmJUgJfmDI=',
  'nixU5CWTFVDlF4BGdcU6kA7WSYurEpe9jRWc+F/7sOc=',
];
