import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startProxy } from './helper.ts';

/** Sends bytes as they are and returns all that comes back until the server closes or the answer is whole. */
function raw(port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request, 'latin1'));
    let answer = '';
    socket.setTimeout(10_000, () => socket.destroy(new Error('no answer within 10 s')));
    socket.on('data', chunk => {
      answer += chunk.toString('latin1');
    });
    socket.on('end', () => resolve(answer));
    socket.on('error', reject);
  });
}

const get = (target: string, ...headers: string[]) =>
  `${['GET', target, 'HTTP/1.1'].join(' ')}\r\n${['Host: x', 'Connection: close', ...headers].join('\r\n')}\r\n\r\n`;
const method = (name: string, target = '/a.example/m/@v/list', ...headers: string[]) =>
  get(target, ...headers).replace(/^GET/, name);

const long = (length: number) => 'a'.repeat(length);

/** What is sent, the status that must come back, and what the sentence must say. */
const cases: [string, string, number, RegExp][] = [
  // Paths
  ['the root', get('/'), 404, /nothing is served here/],
  ['an unknown page', get('/favicon.ico'), 404, /nothing is served here/],
  ['a module without an endpoint', get('/a.example/m'), 404, /nothing is served here/],
  ['an empty module before @v', get('//@v/list'), 400, /module path|bad request/],
  ['no module before @latest', get('/@latest'), 404, /nothing is served here/],
  ['a first element without a dot', get('/nodots/m/@v/list'), 400, /dot/],
  ['a first element with a leading dash', get('/-a.example/m/@v/list'), 400, /dash|leading/],
  ['an upper-case letter that is not escaped', get('/a.example/M/@v/list'), 400, /escape/],
  ['an escape at the end', get('/a.example/m!/@v/list'), 400, /escape/],
  ['an escape of an upper-case letter', get('/a.example/!M/@v/list'), 400, /escape/],
  ['an escape of a digit', get('/a.example/!1/@v/list'), 400, /escape/],
  ['a double escape', get('/a.example/!!m/@v/list'), 400, /escape/],
  ['a parent folder', get('/a.example/../etc/@v/list'), 400, /element|dot|path/],
  ['an encoded parent folder', get('/a.example/%2e%2e/etc/@v/list'), 400, /element|dot|path/],
  ['an encoded slash and parent folder', get('/a.example/..%2f..%2fetc/passwd/@v/list'), 400, /element|dot|path/],
  ['a double slash', get('/a.example//m/@v/list'), 400, /slash|empty/],
  ['a trailing slash of the module', get('/a.example/m//@v/list'), 400, /slash|empty/],
  ['a backslash', get('/a.example/m\\n/@v/list'), 400, /char|path/],
  ['a space', get('/a.example/m%20n/@v/list'), 400, /char|path/],
  ['a NUL', get('/a.example/m%00/@v/list'), 400, /control character/],
  ['a line break', get('/a.example/m%0d%0aX-Evil:1/@v/list'), 400, /control character/],
  ['a letter outside ASCII', get('/a.example/%C3%A9/@v/list'), 400, /char|path/],
  ['broken UTF-8', get('/a.example/%ff/@v/list'), 400, /percent-encoding/],
  ['half a percent-encoding', get('/a.example/%2/@v/list'), 400, /percent-encoding/],
  ['a percent sign', get('/a.example/%zz/@v/list'), 400, /percent-encoding/],
  ['an element that ends with a dot', get('/a.example/m./@v/list'), 400, /dot/],
  ['an element that begins with a dot', get('/a.example/.git/@v/list'), 400, /dot/],
  ['a Windows short name', get('/a.example/m~1/@v/list'), 400, /tilde|short/],
  ['a Windows device name', get('/a.example/con/@v/list'), 400, /Windows|disallowed/],
  ['the suffix v1', get('/a.example/m/v1/@v/list'), 400, /version|major|path/],
  ['the suffix v0', get('/a.example/m/v0/@latest'), 400, /version|major|path/],
  ['the suffix v02', get('/a.example/m/v02/@v/list'), 400, /version|major|path/],
  ['a wildcard module', get('/a.example/*/@v/list'), 400, /char|path/],
  ['a module path of 3,000 bytes', get(`/a.example/${long(3000)}/@v/v1.0.0.info`), 400, /long|path|too/],
  ['an address of 10,000 bytes', get(`/a.example/${long(10_000)}/@v/list`), 400, /longer than/],
  ['a target that is no path', get('a.example/m/@v/list'), 400, /begin with a slash|well-formed/],
  ['two Hosts', get('/a.example/m/@v/list', 'Host: y'), 400, /given twice/],
  ['a tunnel', 'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n', 405, /no tunnel/],
  ['an expectation', get('/a.example/m/@v/list', 'Expect: tea'), 417, /expectation/],
  // Versions
  ['no version', get('/a.example/m/@v/'), 404, /not list/],
  ['only an extension', get('/a.example/m/@v/.info'), 404, /not list/],
  ['an unknown extension', get('/a.example/m/@v/v1.0.0.tar'), 404, /does not end in/],
  ['an extension in upper case', get('/a.example/m/@v/v1.0.0.ZIP'), 404, /does not end in/],
  ['a .mod of a branch', get('/a.example/m/@v/master.mod'), 404, /unrecognized version/],
  ['a .zip of a prefix', get('/a.example/m/@v/v1.zip'), 404, /unrecognized version/],
  ['a .zip with build metadata', get('/a.example/m/@v/v1.0.0+meta.zip'), 404, /unrecognized version/],
  ['a .mod with leading zeros', get('/a.example/m/@v/v01.0.0.mod'), 404, /unrecognized version/],
  ['latest.info', get('/a.example/m/@v/latest.info'), 404, /invalid version/],
  ['upgrade.info', get('/a.example/m/@v/upgrade.info'), 404, /invalid version/],
  ['patch.info', get('/a.example/m/@v/patch.info'), 404, /invalid version/],
  ['a comparison', get('/a.example/m/@v/%3Cv1.2.3.info'), 400, /version|char/],
  ['a version with a slash', get('/a.example/m/@v/feature/x.info'), 400, /version|char/],
  ['a version with an upper-case letter', get('/a.example/m/@v/v1.0.0-RC1.info'), 400, /escape/],
  ['a version with a parent folder', get('/a.example/m/@v/..%2f..%2fx.info'), 400, /version|char/],
  ['a version of 2,000 bytes', get(`/a.example/m/@v/v1.0.0-${long(2000)}.info`), 400, /long|version/],
  ['a version of 300 bytes', get(`/a.example/m/@v/v1.0.0-${long(293)}.info`), 400, /at most 250 bytes/],
  ['an element of 300 bytes', get(`/a.example/${long(300)}/@v/v1.0.0.zip`), 400, /at most 250 bytes/],
  ['v2 without a suffix', get('/a.example/m/@v/v2.0.0.info'), 404, /invalid version/],
  ['v1 with the suffix v2', get('/a.example/m/v2/@v/v1.0.0.mod'), 404, /invalid version/],
  ['+incompatible at v1', get('/a.example/m/@v/v1.0.0+incompatible.zip'), 404, /invalid version/],
  ['gopkg.in with another major version', get('/gopkg.in/yaml.v2/@v/v3.0.0.info'), 404, /invalid version/],
  // Other endpoints
  ['the checksum database without a path', get('/sumdb/sum.golang.org'), 404, /checksum database/],
  ['the checksum database without a name', get('/sumdb//latest'), 404, /checksum database/],
  ['a checksum database that is not ours', get('/sumdb/evil.example/supported'), 404, /not served here/],
  ['an index since yesterday', get('/index?since=yesterday'), 400, /is not a time/],
  ['an index of a date without a time', get('/index?since=2026-01-01'), 400, /is not a time/],
  ['an index since 30 February', get('/index?since=2026-02-30T00:00:00Z'), 400, /is not a time/],
  ['an index with a limit of 0', get('/index?limit=0'), 400, /from 1 to 2000/],
  ['an index with a limit of 2001', get('/index?limit=2001'), 400, /from 1 to 2000/],
  ['an index with a negative limit', get('/index?limit=-1'), 400, /from 1 to 2000/],
  ['an index with a limit in words', get('/index?limit=many'), 400, /from 1 to 2000/],
  ['cached-only without more', get('/cached-only/'), 404, /nothing is served here/],
  ['cached-only twice', get('/cached-only/cached-only/a.example/m/@v/list'), 400, /dot|module path/],
  // Methods
  ...['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'].map(
    name => [`the method ${name}`, method(name), 405, /only GET and HEAD/] as [string, string, number, RegExp],
  ),
  [
    'a POST with a body',
    method('POST', '/a.example/m/@v/list', 'Content-Length: 3').concat('abc'),
    405,
    /only GET and HEAD/,
  ],
  ['a method that is none', method('FROB'), 400, /well-formed HTTP/],
  // Headers and HTTP itself
  ['headers of 20 KiB', get('/a.example/m/@v/list', `X-Long: ${long(20_480)}`), 431, /larger than 16 KiB/],
  ['a header without a colon', get('/a.example/m/@v/list', 'Bogus'), 400, /well-formed HTTP/],
  [
    'both lengths at once',
    method('GET', '/x', 'Content-Length: 3', 'Transfer-Encoding: chunked').concat('abc'),
    400,
    /well-formed HTTP/,
  ],
  ['a Content-Length that is no number', get('/x', 'Content-Length: many'), 400, /well-formed HTTP/],
  ['HTTP/1.1 without a Host', 'GET /a.example/m/@v/list HTTP/1.1\r\nConnection: close\r\n\r\n', 400, /Host is missing/],
  ['an unknown HTTP version', 'GET / HTTP/9.9\r\n\r\n', 400, /well-formed HTTP/],
  ['no HTTP at all', 'hello?\r\n\r\n', 400, /well-formed HTTP/],
  ['TLS to the plain port', '\x16\x03\x01\x02\x00\x01\x00', 400, /well-formed HTTP/],
  ['credentials that are not Basic', get('/a.example/m/@v/list', 'Authorization: Bearer x'), 401, /Basic/],
  ['credentials without a colon', get('/a.example/m/@v/list', 'Authorization: Basic eA=='), 401, /Basic/],
  ['a token that is not known', get('/a.example/m/@v/list', 'Authorization: Basic eDp5'), 401, /not known/],
  ['six repositories before us', get('/a.example/m/@v/list', 'GoCenter-Hops: 6'), 508, /repositories/],
];

let proxy: Awaited<ReturnType<typeof startProxy>>;
beforeAll(async () => {
  proxy = await startProxy();
});
afterAll(() => proxy.close());

describe('a malformed request gets its status and a sentence, never a 500', () => {
  it('is tried in at least 60 ways', () => {
    expect(cases.length).toBeGreaterThanOrEqual(60);
  });

  it.each(cases)('%s', async (_, request, status, sentence) => {
    const answer = await raw(proxy.port, request);
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    expect(head.split('\r\n')[0]).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(body).toMatch(sentence);
    expect(body.split('\n').length).toBeLessThanOrEqual(2);
    expect(head).not.toMatch(/evil/i);
    if (body !== '') expect(head).toMatch(/content-type: text\/plain; charset=utf-8/i);
    if (status === 405) expect(head).toMatch(/allow: GET, HEAD/i);
    if (status === 401) expect(head).toMatch(/www-authenticate: Basic/i);
  });
});
