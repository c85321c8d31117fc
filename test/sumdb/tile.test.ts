import { describe, expect, it } from 'vitest';
import { edgeTiles, locate, TileHashes, tilePath, tileWidth } from '../../services/sumdb/tile.ts';
import { subtrees } from '../../services/sumdb/tlog.ts';
import { innerHash, parseTilePath, TestLog } from './log.ts';

describe('tilePath', () => {
  it.each([
    ['tile/8/0/000', 0, 0, 256],
    ['tile/8/0/001', 0, 1, 256],
    ['tile/8/0/001.p/5', 0, 1, 5],
    ['tile/8/5/x123/x456/078', 5, 123456078, 256],
    ['tile/8/5/x123/x456/078.p/255', 5, 123456078, 255],
    ['tile/8/0/x003/x057/500', 0, 3057500, 256],
    ['tile/8/1/999', 1, 999, 256],
    ['tile/8/1/x001/000', 1, 1000, 256],
    ['tile/8/1/x001/x000/000.p/1', 1, 1_000_000, 1],
    ['tile/8/0/x035/x184/x372/x088/831', 0, 35184372088831, 256],
  ])('%s', (path, level, index, width) => {
    expect(tilePath({ level, index, width })).toBe(path);
    expect(parseTilePath(path)).toEqual({ level, index, width });
  });
});

describe('the tiles of a tree', () => {
  it.each([
    [0, []],
    [1, [[0, 0, 1]]],
    [255, [[0, 0, 255]]],
    [256, [[1, 0, 1]]],
    [
      257,
      [
        [0, 1, 1],
        [1, 0, 1],
      ],
    ],
    [
      65_535,
      [
        [0, 255, 255],
        [1, 0, 255],
      ],
    ],
    [65_536, [[2, 0, 1]]],
    [
      69_959_272,
      [
        [0, 273_278, 104],
        [1, 1067, 126],
        [2, 4, 43],
        [3, 0, 4],
      ],
    ],
  ])('of %i records have this right edge', (size, tiles) => {
    expect(edgeTiles(size)).toEqual(tiles.map(([level, index, width]) => ({ level, index, width })));
    for (const [level = 0, index = 0, width] of tiles) expect(tileWidth(size, level, index)).toBe(width);
  });

  it('have widths that end at the edge', () => {
    expect(tileWidth(600, 0, 1)).toBe(256);
    expect(tileWidth(600, 0, 2)).toBe(88);
    expect(tileWidth(600, 0, 3)).toBeLessThanOrEqual(0);
    expect(tileWidth(600, 1, 0)).toBe(2);
    expect(tileWidth(600, 2, 0)).toBe(0);
  });

  it('hold every part of the root on their right edge, up to the largest trees', () => {
    for (const size of [1, 255, 256, 1000, 65_537, 69_959_272, Number.MAX_SAFE_INTEGER]) {
      const edges = edgeTiles(size).map(({ level, index }) => `${level}/${index}`);
      for (const subtree of subtrees(0, size)) {
        const { level, index } = locate(subtree);
        expect(edges).toContain(`${level}/${index}`);
      }
    }
  });
});

describe('TileHashes', () => {
  const log = new TestLog(256);

  it.each([1, 2, 3, 127, 255, 256])('of width %i give the hash of every complete subtree and of no other', width => {
    const hashes = new TileHashes(log.tile(0, 0, width));
    for (let level = 0; level <= 8; level++) {
      for (let index = 0; index <= 256 / 2 ** level; index++) {
        const inside = (index + 1) * 2 ** level <= width;
        if (inside) expect(hashes.hash({ level, index })).toEqual(log.subtree(level, index));
        else expect(() => hashes.hash({ level, index })).toThrow(RangeError);
      }
    }
  });

  it('do not change with the bytes that they were made of', () => {
    const bytes = log.tile(0, 0, 2);
    const hashes = new TileHashes(bytes);
    bytes.fill(0);
    expect(hashes.leaf(1)).toEqual(log.subtree(0, 1));
    expect(hashes.hash({ level: 1, index: 0 })).toEqual(innerHash(log.subtree(0, 0), log.subtree(0, 1)));
  });
});
