import { createLexer, type Lexer, type Position, type Token } from './modfile-lexer.ts';

/** The lines and blocks of a go.mod file with their comments: golang.org/x/mod/modfile, read.go. */
export interface Line extends Comments {
  kind: 'line';
  tokens: string[];
  start: Position;
  end: Position;
}

export interface Block extends Comments {
  kind: 'block';
  /** What stands before the parenthesis. */
  tokens: string[];
  lines: Line[];
  start: Position;
  end: Position;
}

export type Statement = Line | Block;

/** Comments as written, with their slashes. */
export interface Comments {
  /** Whole lines of comment before it; '' for blank lines within a block. */
  before: string[];
  /** Comments at the end of its line. */
  suffix: string[];
}

/** Anything that a comment at a line's end may belong to. */
interface Node extends Comments {
  start: Position;
  end: Position;
}

export function parseSyntax(name: string, text: string): Statement[] {
  const parser = new Parser(createLexer(name, text));
  parser.parseFile();
  parser.assignSuffixes();
  return parser.statements;
}

class Parser {
  readonly statements: Statement[] = [];
  readonly #lexer: Lexer;
  #token: Token;
  readonly #suffixes: Token[] = [];
  /** In the order of their ends, outer ones after inner ones. */
  readonly #nodes: Node[] = [];

  constructor(lexer: Lexer) {
    this.#lexer = lexer;
    this.#token = lexer.next();
    this.#noteSuffix();
  }

  /** The current token; moves on to the next one. */
  #take(): Token {
    const token = this.#token;
    this.#token = this.#lexer.next();
    this.#noteSuffix();
    return token;
  }

  #noteSuffix(): void {
    if (this.#token.kind === 'suffix') this.#suffixes.push(this.#token);
  }

  parseFile(): void {
    let comments: Token[] = [];
    const endComments = () => {
      const start = comments[0]?.start;
      if (start !== undefined) this.#nodes.push({ start, end: start, before: [], suffix: [] });
      comments = [];
    };
    while (this.#token.kind !== 'end') {
      if (this.#token.kind === 'comment') {
        comments.push(this.#take());
      } else if (this.#token.kind === '\n') {
        this.#take();
        endComments(); // a blank line parts them from what follows
      } else {
        const statement = this.#parseStatement();
        statement.before = comments.map(comment => comment.text);
        comments = [];
        this.statements.push(statement);
      }
    }
    endComments();
  }

  #parseStatement(): Statement {
    const first = this.#take();
    const tokens = [first.text];
    let end = first.end;
    for (;;) {
      const token = this.#take();
      if (isLineEnd(token))
        return this.#node({ kind: 'line', tokens, start: first.start, end, before: [], suffix: [] });
      if (token.kind !== '(') {
        tokens.push(token.text);
        end = token.end;
      } else if (isLineEnd(this.#token)) {
        return this.#parseBlock(first, tokens, token);
      } else if (this.#token.kind === ')') {
        const close = this.#take();
        if (isLineEnd(this.#token)) {
          this.#take();
          return this.#block(first, tokens, [], token, close);
        }
        tokens.push(token.text, close.text);
      } else {
        tokens.push(token.text); // a parenthesis within a line opens no block
      }
    }
  }

  #parseBlock(first: Token, tokens: string[], open: Token): Block {
    this.#node({ start: open.start, end: open.end, before: [], suffix: [] });
    const lines: Line[] = [];
    let comments: string[] = [];
    for (;;) {
      switch (this.#token.kind) {
        case 'suffix':
          this.#take();
          break;
        case '\n':
          this.#take();
          if (comments.length === 0 ? lines.length > 0 : comments.at(-1) !== '') comments.push('');
          break;
        case 'comment':
          comments.push(this.#take().text);
          break;
        case 'end':
          return this.#lexer.fail(`syntax error (unterminated block started at line ${first.start.line})`);
        case ')': {
          const close = this.#take();
          if (!isLineEnd(this.#token)) this.#lexer.fail('syntax error (expected newline after closing paren)');
          this.#take();
          return this.#block(first, tokens, lines, undefined, close);
        }
        default:
          lines.push(this.#parseLine(comments));
          comments = [];
      }
    }
  }

  #parseLine(before: string[]): Line {
    const first = this.#take();
    const tokens = [first.text];
    let end = first.end;
    for (;;) {
      const token = this.#take();
      if (isLineEnd(token)) return this.#node({ kind: 'line', tokens, start: first.start, end, before, suffix: [] });
      tokens.push(token.text);
      end = token.end;
    }
  }

  #block(first: Token, tokens: string[], lines: Line[], open: Token | undefined, close: Token): Block {
    if (open !== undefined) this.#node({ start: open.start, end: open.end, before: [], suffix: [] });
    this.#node({ start: close.start, end: close.end, before: [], suffix: [] });
    return this.#node({ kind: 'block', tokens, lines, start: first.start, end: close.end, before: [], suffix: [] });
  }

  #node<T extends Node>(node: T): T {
    this.#nodes.push(node);
    return node;
  }

  /**
   * Gives each comment at a line's end to what ends last before it, on one line. So the comment after a token that
   * runs over a line break goes to an earlier line, as in Go.
   */
  assignSuffixes(): void {
    for (const node of this.#nodes.reverse()) {
      if (node.start.line !== node.end.line) continue;
      for (;;) {
        const comment = this.#suffixes.at(-1);
        if (comment === undefined || node.end.offset > comment.start.offset) break;
        node.suffix.push(comment.text);
        this.#suffixes.pop();
      }
      node.suffix.reverse();
    }
  }
}

function isLineEnd(token: Token): boolean {
  return token.kind === '\n' || token.kind === 'suffix' || token.kind === 'end';
}
