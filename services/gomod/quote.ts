/** Text from outside for a message: in quotes, without control characters, not too long. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text).replaceAll(
    /[\x7f-\x9f\u2028-\u202e]/g,
    '?',
  );
}

/** strconv.Unquote of a double-quoted or raw Go string; undefined where Go reports a syntax error. */
export function unquote(quoted: string): string | undefined {
  const mark = quoted.charAt(0);
  const body = quoted.slice(1, -1);
  if (quoted.length < 2 || !quoted.endsWith(mark)) return undefined;
  if (mark === '`') return body.includes('`') ? undefined : body.replaceAll('\r', '');
  if (mark !== '"' || body.includes('\n')) return undefined;
  if (!body.includes('\\')) return body.includes('"') ? undefined : body;
  return decodeEscapes(body);
}

const escapeRE = /\\(?:([abfnrtv\\"])|x([0-9A-Fa-f]{2})|([0-3][0-7]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))/y;

const simple: Record<string, string> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
};

/** Through bytes, because several \x escapes may make one character; what is no UTF-8 in the end becomes U+FFFD. */
function decodeEscapes(body: string): string | undefined {
  const bytes = Buffer.alloc(Buffer.byteLength(body)); // an escape is longer than what it stands for
  let size = 0;
  for (let at = 0; ; at = escapeRE.lastIndex) {
    const next = body.indexOf('\\', at);
    const literal = body.slice(at, next < 0 ? body.length : next);
    if (literal.includes('"')) return undefined;
    size += bytes.write(literal, size);
    if (next < 0) return bytes.toString('utf8', 0, size);

    escapeRE.lastIndex = next;
    const match = escapeRE.exec(body);
    if (match === null) return undefined;
    const [, letter, hex, octal, short, long] = match;
    const char = letter === undefined ? rune(short ?? long) : simple[letter];
    if (char !== undefined) size += bytes.write(char, size);
    else if (hex !== undefined) size = bytes.writeUInt8(Number.parseInt(hex, 16), size);
    else if (octal !== undefined) size = bytes.writeUInt8(Number.parseInt(octal, 8), size);
    else return undefined;
  }
}

/** undefined for what is no code point, or half of one. */
function rune(hex: string | undefined): string | undefined {
  const value = Number.parseInt(hex ?? '', 16);
  const valid = value <= 0x10ffff && !(value >= 0xd800 && value <= 0xdfff);
  return valid ? String.fromCodePoint(value) : undefined;
}
