import { plainCode, withMembers } from './declaration.ts';
import { type Token, tokens } from './tokens.ts';

/** What a catalogue wants of a Go source file; nothing of it is ever built or run. */
export interface GoFile {
  /** Of its package clause. */
  name: string;
  /** Text of the package's doc comment, as ast.CommentGroup.Text gives it; '' without one. */
  doc: string;
  /** `func Parse`, `type Reader`, `method Reader.Read`, `const Max`, `var Err` */
  exported: string[];
  /** How each of `exported` is declared, without values and function bodies: `func Parse(text string) error`. */
  declared: string[];
  imports: Import[];
}

export interface Import {
  /** As written before the path; undefined where the package's own name counts. */
  name: string | undefined;
  path: string;
}

const isExported = (name: string) => /^\p{Lu}/u.test(name);

/** Undefined for what has no package clause, or is kept from every build by `//go:build ignore`. */
export function readGoFile(text: string): GoFile | undefined {
  const head = readHead(text);
  if (head === undefined || head.ignored) return undefined;
  const { exported, declared, imports } = declarations(text.slice(head.end));
  const isMain = head.name === 'main';
  return {
    ...{ name: head.name, doc: head.doc, imports },
    ...(isMain ? { exported: [], declared: [] } : { exported, declared }),
  };
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

/** What the top level exports and imports, in the order of the file. */
function declarations(text: string): Pick<GoFile, 'exported' | 'declared' | 'imports'> {
  const exported: string[] = [];
  const declared: string[] = [];
  const imports: Import[] = [];
  const stream = tokens(text);
  for (let token = stream.next(); token !== undefined; token = stream.next()) {
    if (!token.begins || token.depth !== 0) continue;
    if (token.text === 'func') readFunc(token.at);
    else if (token.text === 'import') readSpecs(readImport);
    else if (token.text === 'type') readSpecs(readType);
    else if (token.text === 'const' || token.text === 'var') readSpecs(readNames(token.text));
  }
  return { exported, declared, imports };

  function found(name: string, declaration: string): void {
    exported.push(name);
    declared.push(declaration);
  }

  function readFunc(at: number): void {
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
    const last = lastOf(token, 0, (next, before) => next.text === '{' && !hasMembers(before));
    const declaration = plainCode(text.slice(at, last.end));
    if (receiver === undefined) found(`func ${token.text}`, declaration);
    else if (isExported(receiver)) found(`method ${receiver}.${token.text}`, declaration);
  }

  /** One specification, or a group of them in parentheses. */
  function readSpecs(read: (first: Token, floor: number) => void): void {
    const first = stream.next();
    if (first === undefined) return;
    if (first.text !== '(') {
      read(first, 0);
      return;
    }
    for (let token = stream.next(); token !== undefined && token.depth > 0; token = stream.next()) {
      if (token.begins && token.depth === 1) read(token, 1);
    }
  }

  function readImport(first: Token): void {
    const named = /^["`]/.test(first.text) ? undefined : first.text;
    const path = named === undefined ? first : stream.next();
    if (path !== undefined && /^(["`]).+\1$/.test(path.text))
      imports.push({ name: named, path: path.text.slice(1, -1) });
  }

  function readType(name: Token, floor: number): void {
    if (!isExported(name.text)) return;
    let opened: { token: Token; kind: string } | undefined;
    const last = lastOf(name, floor, (next, before) => {
      if (next.text === '{' && hasMembers(before)) opened = { token: next, kind: before.text };
      return false;
    });
    const from = name.at;
    // The braces that the type ends with hold its members.
    const isBody = opened !== undefined && opened.token.end === last.end;
    const { token, kind } = isBody && opened ? opened : { token: last, kind: '' };
    const declaration = isBody
      ? withMembers(kind, text.slice(from, token.at), text.slice(token.at + 1, token.end - 1))
      : plainCode(text.slice(from, last.end));
    found(`type ${name.text}`, `type ${declaration}`);
  }

  /** `A, B int = …`: names, and their type where it is said. */
  function readNames(keyword: string) {
    return (first: Token, floor: number): void => {
      const names = [first.text];
      let last = first;
      while (stream.peek()?.text === ',') {
        stream.next();
        const next = stream.next();
        if (next === undefined) break;
        names.push(next.text);
        last = next;
      }
      const end = lastOf(last, floor, next => next.text === '=').end;
      const type = plainCode(text.slice(last.end, end));
      for (const name of names.filter(isExported)) {
        found(`${keyword} ${name}`, `${keyword} ${name}${type === '' ? '' : ` ${type}`}`);
      }
    };
  }

  /** Reads on from `first` to the last token of its statement, or to the one before that which `stops`. */
  function lastOf(first: Token, floor: number, stops: (next: Token, before: Token) => boolean): Token {
    let before = first;
    for (let next = stream.peek(); next !== undefined; next = stream.peek()) {
      const isNew = next.text === ';' || (next.begins && next.depth === floor && next.text !== ')');
      if (next.depth < floor || isNew || stops(next, before)) break;
      stream.next();
      before = next;
    }
    return before;
  }
}

const hasMembers = ({ text }: Token) => text === 'struct' || text === 'interface';

/** `(r *T[K])`, `(T)`, `(r T)`: the last name before type parameters. */
function receiverOf(inside: readonly string[]): string | undefined {
  const bracket = inside.indexOf('[');
  const names = (bracket < 0 ? inside : inside.slice(0, bracket)).filter(word => /^[\p{L}_]/u.test(word));
  return names.at(-1);
}
