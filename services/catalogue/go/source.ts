import { type Token, tokens } from './tokens.ts';

/** What a catalogue wants of a Go source file; nothing of it is ever built or run. */
export interface GoFile {
  /** Of its package clause. */
  name: string;
  /** Text of the package's doc comment, as ast.CommentGroup.Text gives it; '' without one. */
  doc: string;
  /** `func Parse`, `type Reader`, `method Reader.Read`, `const Max`, `var Err` */
  exported: string[];
}

const isExported = (name: string) => /^\p{Lu}/u.test(name);

/** Undefined for what has no package clause, or is kept from every build by `//go:build ignore`. */
export function readGoFile(text: string): GoFile | undefined {
  const head = readHead(text);
  if (head === undefined || head.ignored) return undefined;
  return { name: head.name, doc: head.doc, exported: head.name === 'main' ? [] : declarations(text.slice(head.end)) };
}

const headRE = /([ \t\r\n]+)|(\/\/[^\n]*)|(\/\*[\s\S]*?\*\/)|package[ \t]+([\p{L}_][\p{L}\p{N}_]*)/uy;

function readHead(source: string) {
  const text = source.startsWith('\ufeff') ? source.slice(1) : source;
  let group: string[] = [];
  let ignored = false;
  headRE.lastIndex = 0;
  for (let match = headRE.exec(text); match !== null; match = headRE.exec(text)) {
    const [, space, line, block, name] = match;
    if (name !== undefined) return { name, ignored, doc: commentText(group), end: headRE.lastIndex };
    // A blank line ends a group; the last group counts, when it touches the clause.
    if (space !== undefined && (space.match(/\n/g)?.length ?? 0) > 1) group = [];
    if (line !== undefined && /^\/\/(go:build|[ \t]*\+build)[ \t]+ignore\b/.test(line)) ignored = true;
    if (line !== undefined) group.push(line);
    if (block !== undefined) group.push(block);
  }
  return undefined;
}

/** ast.CommentGroup.Text: without markers and directives, blank lines in a row as one. */
function commentText(comments: readonly string[]): string {
  const lines = comments.flatMap(comment => {
    if (comment.startsWith('/*')) return comment.slice(2, -2).split('\n');
    const text = comment.slice(2);
    if (/^(line |extern |export |[a-z0-9]+:[a-z0-9])/.test(text)) return [];
    return [text.replace(/^ /, '')];
  });
  const kept = lines.map(line => line.trimEnd()).filter((line, i, all) => line !== '' || all[i - 1] !== '');
  return kept.join('\n').trim();
}

/** The exported names of the top level, in the order of the file. */
function declarations(text: string): string[] {
  const found: string[] = [];
  const stream = tokens(text);
  for (let token = stream.next(); token !== undefined; token = stream.next()) {
    if (!token.begins || token.depth !== 0) continue;
    if (token.text === 'func') readFunc();
    else if (token.text === 'type' || token.text === 'const' || token.text === 'var') readSpecs(token.text);
  }
  return found;

  function readFunc(): void {
    let token = stream.next();
    let receiver: string | undefined;
    if (token?.text === '(') {
      const inside: string[] = [];
      for (token = stream.next(); token !== undefined && token.depth > 0; token = stream.next())
        inside.push(token.text);
      receiver = receiverOf(inside);
      token = stream.next();
    }
    if (token === undefined || !isExported(token.text)) return;
    if (receiver === undefined) found.push(`func ${token.text}`);
    else if (isExported(receiver)) found.push(`method ${receiver}.${token.text}`);
  }

  /** One specification, or a group of them in parentheses. */
  function readSpecs(keyword: string): void {
    const first = stream.next();
    if (first?.text !== '(') {
      readNames(keyword, first);
      return;
    }
    for (let token = stream.next(); token !== undefined && token.depth > 0; token = stream.next()) {
      if (token.begins && token.depth === 1) readNames(keyword, token);
    }
  }

  /** `A, B = …`; of a type the one name. */
  function readNames(keyword: string, first: Token | undefined): void {
    for (let token = first; token !== undefined; token = stream.next()) {
      if (isExported(token.text)) found.push(`${keyword} ${token.text}`);
      if (keyword === 'type' || stream.peek() !== ',') return;
      stream.next();
    }
  }
}

/** `(r *T[K])`, `(T)`, `(r T)`: the last name before type parameters. */
function receiverOf(inside: readonly string[]): string | undefined {
  const bracket = inside.indexOf('[');
  const names = (bracket < 0 ? inside : inside.slice(0, bracket)).filter(word => /^[\p{L}_]/u.test(word));
  return names.at(-1);
}
