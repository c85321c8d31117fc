/** Tokens of a Go source file, as far as finding its top-level declarations needs them. */
export interface Token {
  text: string;
  /** Where it begins and ends in the source; `{` ends behind its closing one. */
  at: number;
  end: number;
  /** Brackets around it; an opening one counts itself, a closing one does not. */
  depth: number;
  /** It is the first of a statement: of the file, after a semicolon or the opening bracket, or a line that begins one. */
  begins: boolean;
}

export interface Tokens {
  next(): Token | undefined;
  /** The next one, which stays. */
  peek(): Token | undefined;
}

/** Comments, strings and runes as one; line breaks, because they end statements ("Semicolons" in the Go specification). */
const tokenRE =
  /[ \t\r]+|(\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|(\n)|(`[^`]*`?|"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?)|([\p{L}_][\p{L}\p{N}_]*)|[\s\S]/uy;

/** In function bodies and the like only brackets matter. */
const skipRE = /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|`[^`]*`?|"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|[{}]/g;

export function tokens(text: string): Tokens {
  let at = 0;
  let depth = 0;
  /** The last token can end a statement, so that a line break does. */
  let ends = false;
  let begins = true;
  let peeked: Token | undefined;

  /** Leaves the braces that were just opened. */
  function skipBraces(): void {
    skipRE.lastIndex = at;
    for (let open = 1; open > 0; ) {
      const match = skipRE.exec(text);
      if (match === null) {
        at = text.length;
        return;
      }
      if (match[0] === '{') open += 1;
      if (match[0] === '}') open -= 1;
      at = skipRE.lastIndex;
    }
  }

  function read(): Token | undefined {
    while (at < text.length) {
      tokenRE.lastIndex = at;
      const match = tokenRE.exec(text);
      if (match === null) return undefined;
      const from = at;
      at = tokenRE.lastIndex;
      const [all, comment, lineBreak, literal, name] = match;
      if (lineBreak !== undefined || comment?.includes('\n')) {
        if (ends) begins = true;
        ends = false;
        continue;
      }
      if (comment !== undefined || /^[ \t\r]/.test(all)) continue;
      const token = { text: all, at: from, end: at, depth, begins };
      begins = false;
      ends = name !== undefined || literal !== undefined || /[0-9)\]}]/.test(all);
      if (all === '{') {
        skipBraces();
        token.end = at;
        ends = true;
      } else if (all === '(' || all === '[') {
        depth += 1;
        token.depth = depth;
        begins = all === '(';
      } else if (all === ')' || all === ']') {
        depth = Math.max(0, depth - 1);
        token.depth = depth;
      } else if (all === ';') {
        begins = true;
      }
      return token;
    }
    return undefined;
  }

  return {
    next() {
      const token = peeked ?? read();
      peeked = undefined;
      return token;
    },
    peek() {
      peeked ??= read();
      return peeked;
    },
  };
}
