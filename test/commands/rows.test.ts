import { describe, expect, it } from 'vitest';
import { formats } from '../../services/commands/rows.ts';

const columns = { module: 'text', all: 'count', served: 'bytes', share: 'part', ci: 'flag' } as const;
const rows = [
  { module: 'a.example/m', all: 1234567, served: 1536, share: 0.6666, ci: true },
  { module: 'b', all: 3, served: 0, share: null, ci: false },
];

describe('rows', () => {
  it('are a table for people: aligned, numbers to the right, in units', () => {
    expect(formats.table(columns, rows)).toBe(
      [
        'module             all   served   share  ci',
        'a.example/m  1,234,567  1.5 KiB  66.7 %  yes',
        'b                    3      0 B       -  no',
        '',
      ].join('\n'),
    );
  });

  it('are CSV of RFC 4180 with plain numbers', () => {
    expect(formats.csv(columns, rows)).toBe(
      'module,all,served,share,ci\r\na.example/m,1234567,1536,0.6666,true\r\nb,3,0,,false\r\n',
    );
    expect(formats.csv({ module: 'text' }, [{ module: 'a "b", c\nd' }])).toBe('module\r\n"a ""b"", c\nd"\r\n');
  });

  it('are JSON as they are', () => {
    expect(JSON.parse(formats.json(columns, rows))).toEqual(rows);
  });

  it('of a table command no terminal', () => {
    expect(formats.table({ module: 'text' }, [{ module: 'a\x1b[2Jb' }])).toBe('module\na\\u001b[2Jb\n');
  });

  it.each([
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [5 * 1024 ** 3, '5.0 GiB'],
    [2 ** 53, '8.0 PiB'],
  ])('have %d bytes as %s', (served, text) => {
    expect(formats.table({ served: 'bytes' }, [{ served }])).toContain(text);
  });
});
