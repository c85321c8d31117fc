import fc from 'fast-check';
import { anyText, hostileChar, modulePath, nearly, version } from './arbitraries.ts';

/**
 * go.mod files: mostly what a person or the go command would write, with lines that are only nearly right, comments in
 * all places, odd blocks, quoting, line ends, and some bytes that are not UTF-8.
 */
const joined = (...parts: (string | fc.Arbitrary<string>)[]) =>
  fc.tuple(...parts.map(part => (typeof part === 'string' ? fc.constant(part) : part))).map(values => values.join(''));

const path = fc.constantFrom('example.com/a', 'a.b', 'a.b/c', 'a.b/c', 'gopkg.in/yaml.v0', 'x.y/z-w_~');
const pathV2 = fc.constantFrom('a.b/c/v2', 'gopkg.in/yaml.v2', 'gopkg.in/yaml.v2-unstable');
const v0 = fc.constantFrom('v0.1.0', 'v0.0.0-20200101000000-abcdefabcdef', 'v0.9.9-rc.1', 'v0', 'v0.2', 'v0.1.2+meta');
const v2 = fc.constantFrom('v2.0.0', 'v2.3.4-pre', 'v2', 'v2.1', 'v2.0.1-0.20200101000000-abcdefabcdef');
const moduleVersion = fc.oneof(
  { weight: 4, arbitrary: joined(path, ' ', v0) },
  { weight: 2, arbitrary: joined(pathV2, ' ', v2) },
  { weight: 1, arbitrary: fc.constant('a.b/d v3.0.0+incompatible') },
  { weight: 1, arbitrary: fc.constant('"a.b/\\x65" "v0.1.0"') },
  { weight: 1, arbitrary: fc.constant('"a.b/\\u00e9\\303\\xa9\\U0001F600" v0.1.0') },
);
const folder = fc.constantFrom('.', '..', './x', '../x', '/x', '"./a b"', 'c:/x', '.x', '..x', '.\\x', '\\x', 'x/y');
const retracted = fc.constantFrom('v1.0.0', 'v1', 'anything', '"v1.2.3"', '[v1.0.0, v1.9.9]', '[ v1 ,v2 ]', '[a,b]');

/** What may follow a verb, on its line or in its block. */
const bodies: Record<string, fc.Arbitrary<string>> = {
  require: moduleVersion,
  exclude: moduleVersion,
  replace: fc.oneof(
    joined(moduleVersion, ' => ', moduleVersion),
    joined(path, ' => ', moduleVersion),
    joined(path, ' => ', folder),
  ),
  retract: retracted,
  godebug: fc.constantFrom('a=b', 'default=go1.21', 'a=b=c', '=', 'panicnil=1'),
  tool: fc.oneof(path, fc.constant('"x y"')),
  ignore: fc.oneof(folder, fc.constant('./node_modules')),
};

const badBody = fc.oneof(
  fc.constantFrom('', '(', ')', '( )', '[', ', v1', '[v1.0.0 v2]', 'v1.0.0 v2', '=>', 'a.b', 'a.b/v1 v1.0.0', "'x'"),
  fc.constantFrom('`a.b/c` v0.1.0', 'a"b v0.1.0', '"a\\qb" v0.1.0', '"a\\\n" v0.1.0', '"\\ud800" v0.1.0', '"\\400" v1'),
  fc.constantFrom('a.b/c v2.0.0', 'a.b/c/v2 v1.0.0', 'a.b/c latest', 'a.b v0.1.0 => b.c', 'a.b => b.c@v0.1.0', 'k'),
  fc.tuple(modulePath, version).map(pair => pair.join(' ')),
);

const comment = fc.oneof(
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
  joined('//', anyText),
);
const tail = fc.oneof(
  { weight: 6, arbitrary: fc.constant('') },
  { weight: 3, arbitrary: joined(' ', comment) },
  { weight: 1, arbitrary: fc.constantFrom(' ', '\t', '\r', ' x', ' (', ' )', ' /* x */', ' \u00a0', '//x', ' ,') },
);
const verb = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom(...Object.keys(bodies)) },
  { weight: 1, arbitrary: fc.constantFrom('unknown', 'Require', 'use', 'go', 'toolchain', 'constructor', 'module') },
);

const body = (name: string) =>
  fc.oneof(
    { weight: 30, arbitrary: bodies[name] ?? fc.constantFrom('x', 'x y', '1.21') },
    { weight: 1, arbitrary: badBody },
  );

const single = verb.chain(name => joined(`${name} `, body(name), tail));
const block = verb.chain(name => {
  const line = fc.oneof(
    { weight: 6, arbitrary: joined('\t', body(name), tail) },
    { weight: 2, arbitrary: joined('\t', comment) },
    { weight: 1, arbitrary: fc.constant('') },
  );
  const open = fc.oneof({ weight: 9, arbitrary: fc.constant(' (') }, fc.constantFrom(' x (', '(', ' ( // why', ' ( )'));
  const close = fc.oneof({ weight: 9, arbitrary: fc.constant(')') }, fc.constantFrom(') // end', ' )', ') x', ''));
  return joined(
    name,
    open,
    fc.array(line, { maxLength: 4 }).map(lines => ['', ...lines, ''].join('\n')),
    close,
  );
});

const moduleLine = fc.oneof(
  { weight: 9, arbitrary: joined('module ', fc.oneof(path, pathV2, fc.constant('"a.b/c"')), tail) },
  { weight: 1, arbitrary: joined('module (\n\t', path, tail, '\n)') },
  { weight: 1, arbitrary: joined('module', fc.constantFrom('', ' ', ' `a.b`', ' "a', '\ta.b', '\u00a0a.b', 'a.b')) },
  { weight: 1, arbitrary: joined('module ', nearly(modulePath)) },
);
const goLine = fc.constantFrom(
  'go 1.21',
  'go 1.22.3',
  'go 1.21rc1',
  'go 1.21 // why',
  'go v1.21.x',
  'go 1',
  'go 1.21.x',
);
const toolchainLine = fc.constantFrom('toolchain go1.21.0', 'toolchain default', 'toolchain go1', 'toolchain gccgo');

const statement = fc.oneof(
  { weight: 8, arbitrary: single },
  { weight: 5, arbitrary: block },
  { weight: 3, arbitrary: comment },
  { weight: 3, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.oneof(toolchainLine, goLine) },
);

const text = fc
  .tuple(
    fc.array(comment, { maxLength: 3 }),
    moduleLine,
    fc.option(goLine, { nil: '' }),
    fc.array(statement, { maxLength: 5 }),
    fc.constantFrom('\n', '\n', '\n', '\r\n', ''),
  )
  .map(([comments, module, go, statements, end]) => [...comments, module, go, ...statements].join(end || '\n') + end);

const stray = fc.constantFrom([0xff], [0xc3], [0xe2, 0x80], [0xed, 0xa0, 0x80], [0xf0, 0x9f, 0x98], [0xc0, 0x80], [0]);

export const goMod: fc.Arbitrary<Buffer> = fc
  .tuple(
    fc.oneof({ weight: 4, arbitrary: text }, { weight: 1, arbitrary: nearly(text) }, joined(text, hostileChar)),
    fc.option(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), stray), { freq: 20, nil: undefined }),
  )
  .map(([source, insert]) => {
    const bytes = Buffer.from(source);
    if (insert === undefined) return bytes;
    const at = Math.floor(insert[0] * bytes.length);
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(insert[1]), bytes.subarray(at)]);
  });
