/** strconv.Unquote of a double-quoted or raw Go string; undefined where Go reports a syntax error. */
export function unquote(quoted: string): string | undefined {
  const quote = quoted.charAt(0);
  const body = quoted.slice(1, -1);
  if (quoted.length < 2 || !quoted.endsWith(quote)) return undefined;
  if (quote === '`') return body.includes('`') ? undefined : body.replaceAll('\r', '');
  if (quote !== '"' || body.includes('\n')) return undefined;
  if (!body.includes('\\')) return body.includes('"') ? undefined : body;
  return decodeEscapes(body);
}

const escapeRE =
  /\\(?:([abfnrtv\\"])|x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([0-7]{3}))|([^\\"]+)|[\s\S]/gy;

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
  let bytes = ''; // a character each
  for (const [, letter, hex, short, long, octal, literal] of body.matchAll(escapeRE)) {
    const part = literal ?? (letter === undefined ? rune(short ?? long) : simple[letter]);
    const byte = Number.parseInt(hex ?? octal ?? '', hex === undefined ? 8 : 16);
    if (part !== undefined) bytes += Buffer.from(part).toString('latin1');
    else if (byte <= 0xff) bytes += String.fromCharCode(byte);
    else return undefined;
  }
  return Buffer.from(bytes, 'latin1').toString();
}

function rune(hex: string | undefined): string | undefined {
  const value = Number.parseInt(hex ?? '', 16);
  const valid = value <= 0x10ffff && !(value >= 0xd800 && value <= 0xdfff);
  return valid ? String.fromCodePoint(value) : undefined;
}
