import { describe, expect, it } from 'vitest';
import { foldRoot, nodeHash, parseRecord, parseTree, recordHash, subtrees } from '../../services/sumdb/tlog.ts';
import { TestLog } from './log.ts';

const security = (reason: string) =>
  expect.objectContaining({ kind: 'security', message: expect.stringContaining(reason) });

describe('hashes', () => {
  it('are those of x/mod and of RFC 6962', () => {
    expect(recordHash(Buffer.from('hello world')).toString('base64')).toBe(
      'TszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=',
    );
    expect(recordHash(Buffer.of()).toString('hex')).toMatch(/^6e340b9cffb37a98/);
    expect(foldRoot([]).toString('hex')).toMatch(/^e3b0c44298fc1c14/);
    expect(nodeHash(Buffer.alloc(32), Buffer.alloc(32, 1))).not.toEqual(
      nodeHash(Buffer.alloc(32, 1), Buffer.alloc(32)),
    );
  });

  it('of complete subtrees fold to the root, for every size up to 300', () => {
    const log = new TestLog(300);
    for (let size = 0; size <= 300; size++) {
      const parts = subtrees(0, size).map(({ level, index }) => log.subtree(level, index));
      expect(foldRoot(parts)).toEqual(log.root(size));
    }
  });

  it('are named by the fewest subtrees, up to the largest sizes', () => {
    expect(subtrees(0, 7)).toEqual([
      { level: 2, index: 0 },
      { level: 1, index: 2 },
      { level: 0, index: 6 },
    ]);
    expect(subtrees(4, 6)).toEqual([{ level: 1, index: 2 }]);
    expect(subtrees(3, 3)).toEqual([]);
    expect(subtrees(0, Number.MAX_SAFE_INTEGER)).toHaveLength(53);
    expect(subtrees(0, Number.MAX_SAFE_INTEGER).at(-1)).toEqual({ level: 0, index: Number.MAX_SAFE_INTEGER - 1 });
  });
});

describe('parseTree', () => {
  // The rows of x/mod's TestParseTree and TestFormatTree.
  const tree = 'go.sum database tree\n123456789012\nTszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=\n';
  const parsed = { size: 123456789012, root: recordHash(Buffer.from('hello world')) };

  it.each([tree, `${tree}JOE`, `${tree}JOE\n`, tree + 'JOE\n'.repeat(1000)])('reads a tree, whatever follows', text => {
    expect(parseTree(text)).toEqual(parsed);
  });

  it.each([
    [`not-${tree}`, 'begin'],
    [tree.replace('tree', 'tree v2'), 'begin'],
    [tree + 'x'.repeat(1_000_000), 'begin'],
    [tree.slice(0, -1), 'lines'],
    ['go.sum database tree\n1\n', 'lines'],
    [tree.replace('123456789012', '0xabcdef'), 'number'],
    [tree.replace('123456789012', '0123'), 'number'],
    [tree.replace('123456789012', '-1'), 'number'],
    [tree.replace('123456789012', ''), 'number'],
    [tree.replace('123456789012', '9007199254740992'), 'number'],
    [tree.replace('BTb0=', 'BTOOBIG=').replace('wBb0=', 'wBTOOBIG='), 'hash'],
    [tree.replace('wBb0=', 'wBb0'), 'hash'],
    [tree.replace('\nTszz', '\n Tszz'), 'hash'],
  ])('refuses %j', (text, reason) => {
    expect(() => parseTree(text)).toThrow(security(reason));
  });
});

describe('parseRecord', () => {
  const parse = (text: string) => {
    const { position, text: record, rest } = parseRecord(Buffer.from(text, 'latin1'));
    return [position, record.toString(), rest.toString('latin1')];
  };

  it('reads up to the blank line', () => {
    expect(parse('123456789012\nhello, world\n\njunk on end\x01\xff')).toEqual([
      123456789012,
      'hello, world\n',
      'junk on end\x01\xff',
    ]);
    expect(parse('0\na\nb\n\n')).toEqual([0, 'a\nb\n', '']);
  });

  it.each([
    ['not-123\nhello\n\n', 'number'],
    ['0x123\nhello\n\n', 'number'],
    ['+1\nhello\n\n', 'number'],
    ['-1\nhello\n\n', 'number'],
    ['01\nhello\n\n', 'number'],
    [' 1\nhello\n\n', 'number'],
    ['9007199254740992\nhello\n\n', 'number'],
    ['123\nhello\x01world\n\n', 'plain text'],
    ['123\nhello\xffworld\n\n', 'plain text'],
    ['123\n\n\n', 'plain text'],
    ['123\nhello world\n', 'cut short'],
    ['123', 'cut short'],
    ['', 'cut short'],
  ])('refuses %j', (text, reason) => {
    expect(() => parse(text)).toThrow(security(reason));
  });
});
