import { describe, expect, it } from 'vitest';
import type { ModuleSummary, VersionSummary } from '../../services/catalogue/index.ts';
import { diagnose } from '../../services/ui-backend/doctor/diagnose.ts';
import { readRequirements } from '../../services/ui-backend/doctor/read.ts';
import { moduleSummary, versionSummary } from './facts.ts';

const hash = (letter: string) => `h1:${letter.repeat(43)}=`;

/** Examines a text with what is said to be known. */
function examine(
  text: string,
  known: {
    versions?: VersionSummary[];
    modules?: ModuleSummary[];
    fixes?: Record<string, string>;
    majors?: Record<string, ModuleSummary>;
  } = {},
) {
  return diagnose(readRequirements(text), {
    version: ({ module, version }) => known.versions?.find(one => one.module === module && one.version === version),
    module: ({ module }) => known.modules?.find(one => one.module === module),
    fixedIn: ({ module, version }) => known.fixes?.[`${module}@${version}`],
    laterMajor: ({ module }) => known.majors?.[module],
  });
}

const kinds = (findings: readonly { kind: string }[] = []) => findings.map(({ kind }) => kind);

describe('the doctor on a go.mod', () => {
  it('has nothing to say of a requirement that is here, newest and licensed', () => {
    const answer = examine('module m.example\n\nrequire a.example v1.2.0\n', {
      versions: [versionSummary({ module: 'a.example', version: 'v1.2.0' })],
      modules: [moduleSummary({ module: 'a.example', newest: 'v1.2.0' })],
    });
    expect(answer).toMatchObject({ kind: 'go.mod', module: 'm.example', findings: [], fix: '' });
    expect(answer.lines).toEqual([
      {
        line: 3,
        module: 'a.example',
        version: 'v1.2.0',
        indirect: false,
        status: 'published',
        licences: ['MIT'],
        newest: 'v1.2.0',
        vulnerabilities: [],
        findings: [],
        instead: null,
      },
    ]);
  });

  it('writes the newer version as the line has to stand, in a block, alone, indirect', () => {
    const answer = examine(
      'module m.example\nrequire (\n\ta.example v1.0.0\n\tb.example v1.0.0 // indirect\n)\nrequire c.example v1.0.0\n',
      {
        versions: ['a', 'b', 'c'].map(name => versionSummary({ module: `${name}.example`, version: 'v1.0.0' })),
        modules: ['a', 'b', 'c'].map(name => moduleSummary({ module: `${name}.example`, newest: 'v1.1.0' })),
      },
    );
    expect(answer.lines.map(({ line, instead }) => [line, instead])).toEqual([
      [3, 'a.example v1.1.0'],
      [4, 'b.example v1.1.0 // indirect'],
      [6, 'require c.example v1.1.0'],
    ]);
    // What is merely old among the indirect ones comes with the direct ones.
    expect(answer.fix).toBe('go get a.example@v1.1.0 c.example@v1.1.0');
  });

  it('proposes the version that fixes a vulnerability rather than the newest', () => {
    const answer = examine('require a.example v1.0.0', {
      versions: [versionSummary({ module: 'a.example', version: 'v1.0.0', vulnerabilities: ['GO-2026-0001'] })],
      modules: [moduleSummary({ module: 'a.example', newest: 'v1.9.0' })],
      fixes: { 'a.example@v1.0.0': 'v1.0.3' },
    });
    expect(answer.lines[0]).toMatchObject({ vulnerabilities: ['GO-2026-0001'], instead: 'require a.example v1.0.3' });
    expect(kinds(answer.lines[0]?.findings)).toEqual(['vulnerable', 'outdated']);
    expect(answer.numbers).toMatchObject({ vulnerable: 1, outdated: 1 });
    expect(answer.fix).toBe('go get a.example@v1.0.3');
  });

  it('says so when no version fixes a vulnerability', () => {
    const answer = examine('require a.example v1.0.0', {
      versions: [versionSummary({ module: 'a.example', version: 'v1.0.0', vulnerabilities: ['GO-2026-0001'] })],
      modules: [moduleSummary({ module: 'a.example', newest: 'v1.0.0' })],
    });
    expect(answer.lines[0]).toMatchObject({ instead: null });
    expect(answer.lines[0]?.findings[0]?.message).toBe('it has GO-2026-0001; no version has a fix');
    expect(answer.lines[0]?.instead).toBeNull();
  });

  it('tells of retractions, deprecations, refusals, later majors and missing licences', () => {
    const answer = examine(
      'require (\nold.example v1.0.0\ngone.example v1.0.0\nbad.example v1.0.0\nbig.example v1.0.0\nfree.example v1.0.0\n)',
      {
        versions: [
          versionSummary({ module: 'old.example', version: 'v1.0.0', retracted: 'it deletes files' }),
          versionSummary({ module: 'gone.example', version: 'v1.0.0' }),
          versionSummary({
            module: 'bad.example',
            version: 'v1.0.0',
            status: 'rejected',
            licences: [],
            reasons: [{ rule: 'deny-list', message: 'it is denied here' }],
          }),
          versionSummary({ module: 'big.example', version: 'v1.0.0' }),
          versionSummary({ module: 'free.example', version: 'v1.0.0', licences: [] }),
        ],
        modules: [
          moduleSummary({ module: 'old.example', newest: 'v1.0.1' }),
          moduleSummary({ module: 'gone.example', newest: 'v1.0.0', deprecated: 'use new.example' }),
          moduleSummary({ module: 'bad.example', newest: 'v0.9.0' }),
          moduleSummary({ module: 'big.example', newest: 'v1.0.0' }),
          moduleSummary({ module: 'free.example', newest: 'v1.0.0' }),
        ],
        majors: { 'big.example': moduleSummary({ module: 'big.example/v2', newest: 'v2.3.0' }) },
      },
    );
    expect(answer.lines.map(({ findings }) => kinds(findings))).toEqual([
      ['retracted', 'outdated'],
      ['deprecated'],
      ['rejected'],
      ['major'],
      ['licence'],
    ]);
    expect(answer.lines.map(({ instead }) => instead)).toEqual([
      'old.example v1.0.1',
      null,
      'bad.example v0.9.0',
      null,
      null,
    ]);
    expect(answer.numbers).toMatchObject({ published: 4, rejected: 1, absent: 0 });
  });

  it('proposes nothing older than what is used: the newest may be a version that is not here', () => {
    const answer = examine('require a.example v1.5.0', {
      modules: [moduleSummary({ module: 'a.example', newest: 'v1.1.0' })],
    });
    expect(answer.lines[0]).toMatchObject({ status: 'absent', newest: 'v1.1.0', instead: null });
  });

  it('looks at what replaces, and does not upgrade what is replaced', () => {
    const answer = examine(
      'require a.example v1.0.0\nrequire b.example v1.0.0\nreplace a.example => fork.example v1.2.0\nreplace b.example => ../b\n',
      {
        modules: [
          moduleSummary({ module: 'a.example', newest: 'v1.9.0' }),
          moduleSummary({ module: 'fork.example', newest: 'v1.3.0' }),
        ],
      },
    );
    expect(answer.lines.map(({ module }) => module)).toEqual(['a.example', 'b.example', 'fork.example']);
    expect(answer.lines[0]).toMatchObject({ instead: null });
    expect(answer.lines[0]?.findings[0]?.message).toMatch('it is replaced by fork.example@v1.2.0');
    expect(answer.lines[1]?.findings[0]?.message).toMatch('it is replaced by ../b');
    expect(answer.lines[2]?.instead).toBe('replace a.example => fork.example v1.3.0');
    expect(answer.fix).toBe('go mod edit -replace=a.example=fork.example@v1.3.0');
  });

  it('names the lines that can’t be read and examines the rest', () => {
    const answer = examine('module m.example\nrequire nonsense\nrequire a.example v1.0.0\nwhatever x\n');
    expect(answer.findings.map(({ line, kind }) => [line, kind])).toEqual([
      [2, 'malformed'],
      [4, 'malformed'],
    ]);
    expect(answer.lines.map(({ module }) => module)).toEqual(['a.example']);
  });

  it('survives what is no go.mod at all', () => {
    for (const text of ['(', '"', '\0\0\0', '<script>alert(1)</script>', 'require (\n'.repeat(1000), '/*']) {
      const answer = examine(text);
      expect(answer.lines).toEqual([]);
      expect(answer.findings.length).toBeGreaterThan(0);
    }
  });
});

describe('the doctor on a go.sum', () => {
  const sum = [
    `a.example v1.0.0 ${hash('A')}`,
    `a.example v1.0.0/go.mod ${hash('B')}`,
    `a.example v0.9.0/go.mod ${hash('C')}`,
    `b.example v1.0.0/go.mod ${hash('D')}`,
  ].join('\n');

  it('knows it by its lines and takes the two lines of a version for one', () => {
    const answer = examine(sum);
    expect(answer.kind).toBe('go.sum');
    expect(answer.lines.map(({ line, module, version }) => [line, module, version])).toEqual([
      [1, 'a.example', 'v1.0.0'],
      [3, 'a.example', 'v0.9.0'],
      [4, 'b.example', 'v1.0.0'],
    ]);
  });

  it('finds a hash that is not that of what is kept here, and says which it is', () => {
    const versions = [versionSummary({ module: 'a.example', version: 'v1.0.0', hash: hash('X') })];
    const [line] = examine(sum, { versions }).lines;
    expect(line?.findings).toMatchObject([{ kind: 'hash', severity: 'error' }]);
    expect(line?.instead).toBe(`a.example v1.0.0 ${hash('X')}`);
  });

  it('does not complain of old lines, nor of versions of which only the go.mod was needed', () => {
    const answer = examine(sum, {
      versions: [
        versionSummary({ module: 'a.example', version: 'v0.9.0', vulnerabilities: ['GO-2026-0001'] }),
        versionSummary({ module: 'a.example', version: 'v1.0.0' }),
      ],
      modules: [moduleSummary({ module: 'a.example', newest: 'v1.0.0' })],
    });
    expect(answer.lines[1]?.findings).toEqual([]);
    expect(answer.lines[2]?.findings).toMatchObject([{ kind: 'absent', severity: 'notice' }]);
    expect(answer.numbers.vulnerable).toBe(0);
  });

  it('names a line that is none', () => {
    const answer = examine(`${sum}\na.example v1.0.0 h1:short\n<b>x</b> v1.0.0 ${hash('A')}\n`);
    expect(answer.findings.map(({ line }) => line)).toEqual([5, 6]);
  });

  it('takes a file of Windows as it is', () => {
    expect(examine(sum.replaceAll('\n', '\r\n')).lines).toHaveLength(3);
  });
});
