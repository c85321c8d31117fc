import fc from 'fast-check';
import { anyText, hostileChar, modulePath, nearly, version } from './arbitraries.ts';

const joined = (...parts: (string | fc.Arbitrary<string>)[]) =>
  fc.tuple(...parts.map(part => (typeof part === 'string' ? fc.constant(part) : part))).map(values => values.join(''));

/** `good`, and once in twenty times `bad` when `odd` is 1. */
function or(odd: number, good: fc.Arbitrary<string>, bad: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof({ weight: 19, arbitrary: good }, { weight: odd, arbitrary: bad });
}

function moduleVersion(): fc.Arbitrary<string> {
  const v0 = fc.constantFrom(
    'v0.1.0',
    'v0.0.0-20200101000000-abcdefabcdef',
    'v0.9.9-rc.1',
    'v0',
    'v0.2',
    'v0.1.2+meta',
  );
  const v2 = fc.constantFrom('v2.0.0', 'v2.3.4-pre', 'v2', 'v2.1', 'v2.0.1-0.20200101000000-abcdefabcdef');
  const pathV2 = fc.constantFrom('a.b/c/v2', 'gopkg.in/yaml.v2', 'gopkg.in/yaml.v2-unstable');
  const others = ['a.b/d v3.0.0+incompatible', '"a.b/\\x65" "v0.1.0"', '"a.b/\\u00e9\\303\\xa9\\U0001F600" v0.1.0'];
  return fc.oneof(joined(path(), ' ', v0), joined(pathV2, ' ', v2), fc.constantFrom(...others));
}

function path(): fc.Arbitrary<string> {
  return fc.constantFrom('example.com/a', 'a.b', 'a.b/c', 'gopkg.in/yaml.v0', 'x.y/z-w_~', 'a.b//c', '"a.b/c"');
}

/** What may follow a verb, on its line or in its block. */
function bodyOf(verb: string): fc.Arbitrary<string> {
  const folder = fc.constantFrom('.', '..', './x', '../x', '/x', '"./a b"', 'c:/x', '"../\\u00e9"');
  switch (verb) {
    case 'require':
    case 'exclude':
      return moduleVersion();
    case 'replace':
      return fc.oneof(
        joined(moduleVersion(), ' => ', moduleVersion()),
        joined(path(), ' => ', moduleVersion()),
        joined(fc.oneof(path(), moduleVersion()), ' => ', folder),
      );
    case 'retract':
      return fc.constantFrom('v1.0.0', 'v1', 'anything', '"v1.2.3"', '[v1.0.0, v1.9.9]', '[ v1 ,v2 ]', '[a,b]');
    case 'godebug':
      return fc.constantFrom('a=b', 'default=go1.21', 'a=b=c', '=', 'panicnil=1');
    default:
      return fc.oneof(path(), folder, fc.constantFrom('"x y"', './node_modules'));
  }
}

function badBody(): fc.Arbitrary<string> {
  return fc.oneof(
    fc.constantFrom('', '(', ')', '( )', '[', ', v1', '[v1.0.0 v2]', 'v1.0.0 v2', '=>', 'a.b', 'a.b/v1 v1.0.0', "'x'"),
    fc.constantFrom(
      '`a.b/c` v0.1.0',
      'a"b v0.1.0',
      '"a\\qb" v0.1.0',
      '"a\\\n" v0.1.0',
      '"\\ud800" v0.1.0',
      '"\\400" v1',
    ),
    fc.constantFrom('a.b/c v2.0.0', 'a.b/c/v2 v1.0.0', 'a.b/c latest', 'a.b v0.1.0 => b.c', 'a.b => b.c@v0.1.0', 'k'),
    fc.constantFrom('a.b => .x', 'a.b => .\\x', 'a.b => x/y', 'a.b => ./x v0.1.0', 'a.b => b.c v2.0.0', '[v1, v2] v3'),
    fc.tuple(modulePath, version).map(pair => pair.join(' ')),
  );
}

function comment(): fc.Arbitrary<string> {
  const text = anyText.map(line => `//${line.replaceAll('\n', '')}`);
  return fc.oneof(
    fc.constantFrom('// indirect', '// indirect; because', '//indirect', '// indirect because', '//\tindirect\u00a0'),
    fc.constantFrom(
      '// Deprecated: use b',
      '// Deprecated:   c',
      '//',
      '// why',
      '//// x',
      '// é\u00a0',
      '// Deprecated:',
    ),
    text,
  );
}

function tail(odd: number): fc.Arbitrary<string> {
  const good = fc.oneof(fc.constantFrom('', '', '', ' ', '\t', '\r', '//x'), joined(' ', comment()));
  return or(odd, good, fc.constantFrom(' x', ' (', ' )', ' /* x */', ' \u00a0', ' ,', '/*', '\v'));
}

function verb(odd: number): fc.Arbitrary<string> {
  const known = fc.constantFrom('require', 'exclude', 'replace', 'retract', 'godebug', 'tool', 'ignore');
  return or(odd, known, fc.constantFrom('unknown', 'Require', 'use', 'go', 'toolchain', 'constructor', 'module'));
}

function line(odd: number): fc.Arbitrary<string> {
  return verb(odd).chain(name => joined(`${name} `, or(odd, bodyOf(name), badBody()), tail(odd)));
}

function block(odd: number): fc.Arbitrary<string> {
  return verb(odd).chain(name => {
    const inner = fc.oneof(
      { weight: 6, arbitrary: joined('\t', or(odd, bodyOf(name), badBody()), tail(odd)) },
      { weight: 2, arbitrary: joined('\t', comment()) },
      { weight: 1, arbitrary: fc.constant('') },
    );
    const lines = fc.array(inner, { maxLength: 4 }).map(all => ['', ...all, ''].join('\n'));
    const open = or(odd, fc.constantFrom(' (', ' (', '(', ' ( // why'), fc.constantFrom(' x (', ' ( )', ' ( x'));
    const close = or(odd, fc.constantFrom(')', ')', ') // end', ' )\t'), fc.constantFrom(') x', '', ')) ', '))'));
    return fc.oneof(
      { weight: 9, arbitrary: joined(name, open, lines, close) },
      { weight: 1, arbitrary: joined(name, fc.constantFrom(' ()', '( )'), fc.constantFrom('', ' // empty')) },
    );
  });
}

function moduleLine(odd: number): fc.Arbitrary<string> {
  const declared = fc.oneof(path(), fc.constantFrom('a.b/c/v2', 'gopkg.in/yaml.v2'));
  const good = fc.oneof(
    { weight: 9, arbitrary: joined('module ', declared, tail(odd)) },
    { weight: 1, arbitrary: joined('module (\n', fc.constantFrom('', '\t// x\n', '\n'), declared, tail(odd), '\n)') },
  );
  const rest = fc.constantFrom('', ' ', ' `a.b`', ' "a', '\ta.b', '\u00a0a.b', 'a.b', ' a b', ' "a\\x62"');
  return or(odd, good, fc.oneof(joined('module', rest), joined('module ', modulePath)));
}

function file(odd: number): fc.Arbitrary<string> {
  const goLine = or(
    odd,
    fc.constantFrom('go 1.21', 'go 1.22.3', 'go 1.21rc1', 'go 1.21 // why', 'go 1.0', ''),
    fc.constantFrom('go v1.21', 'go 1', 'go 1.21.x', 'go 1.21 x', 'go', 'go v1.2-3', 'go 01.2', 'go\n1.21'),
  );
  const toolchain = or(
    odd,
    fc.constantFrom('toolchain go1.21.0', 'toolchain default', 'toolchain go1', '', ''),
    fc.constantFrom('toolchain gccgo', 'toolchain', 'toolchain go1x', 'toolchain go1.2 x', 'go 1.3'),
  );
  const statement = fc.oneof(
    { weight: 4, arbitrary: line(odd) },
    { weight: 3, arbitrary: block(odd) },
    { weight: 2, arbitrary: comment() },
    { weight: 2, arbitrary: fc.constant('') },
  );
  const lines = fc.tuple(
    fc.array(comment(), { maxLength: 3 }),
    moduleLine(odd),
    goLine,
    toolchain,
    fc.array(statement, { maxLength: 5 }),
    or(odd, fc.constant(''), hostileChar),
  );
  return fc
    .tuple(lines, fc.constantFrom('\n', '\n', '\r\n'))
    .map(([[comments, module, go, tools, rest, end], lineEnd]) =>
      [...comments, module, go, tools, ...rest, end].join('\n').replaceAll('\n', lineEnd).toWellFormed(),
    );
}

function position(): fc.Arbitrary<number> {
  return fc.double({ min: 0, max: 1, noNaN: true });
}

function stray(): fc.Arbitrary<number[]> {
  return fc.constantFrom([0xff], [0xc3], [0xe2, 0x80], [0xed, 0xa0, 0x80], [0xf0, 0x9f, 0x98], [0xc0, 0x80], [0]);
}

function splice(text: string, at: number, insert: number[]): Buffer {
  const bytes = Buffer.from(text);
  const offset = Math.floor(at * bytes.length);
  return Buffer.concat([bytes.subarray(0, offset), Buffer.from(insert), bytes.subarray(offset)]);
}

/**
 * go.mod files. Half are what a person or the go command would write, with comments in all places, quoting, blocks and
 * either line end; in the others some lines are only nearly right. A few have bytes that are not UTF-8.
 */
export const goMod: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 5, arbitrary: file(0).map(text => Buffer.from(text)) },
  { weight: 3, arbitrary: file(1).map(text => Buffer.from(text)) },
  { weight: 1, arbitrary: nearly(file(0)).map(text => Buffer.from(text.toWellFormed())) },
  { weight: 1, arbitrary: fc.tuple(file(0), position(), stray()).map(([text, at, bytes]) => splice(text, at, bytes)) },
);
