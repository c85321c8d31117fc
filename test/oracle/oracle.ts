import { execFile, spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

/** A function in functions.go and its arguments. */
export interface Question {
  f: string;
  a: (string | Uint8Array)[];
}

/** `v` is the value, strings in it base64; `e` is why Go refuses. Neither for a check that passes. */
export interface Answer {
  v?: unknown;
  e?: string;
}

export interface Oracle {
  /** Answers in the order of the questions. One call at a time. */
  ask(questions: Question[]): Promise<Answer[]>;
  close(): Promise<void>;
}

export const hasGo = (): boolean => spawnSync('go', ['version']).status === 0;

/** Starts the program beside this file, which answers with Go's own golang.org/x/mod. */
export async function startOracle(): Promise<Oracle> {
  const child = spawn(await build(), { stdio: ['pipe', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    async ask(questions) {
      const encoded = questions.map(({ f, a }) => ({ f, a: a.map(argument => toBytes(argument).toString('base64')) }));
      child.stdin.write(`${JSON.stringify(encoded)}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error('the oracle ended');
      const answers = JSON.parse(value) as Answer[];
      const defect = answers.find(answer => answer.e?.startsWith('panic: no function'));
      if (defect !== undefined) throw new Error(defect.e);
      return answers;
    },
    async close() {
      child.stdin.end();
      await exit;
    },
  };
}

/** The text of a base64 answer; what is not UTF-8 becomes U+FFFD. */
export function fromBase64(value: unknown): string {
  return Buffer.from(String(value), 'base64').toString();
}

/** UTF-8; a lone surrogate becomes the three bytes that it would have, which Go sees as invalid as well. */
function toBytes(argument: string | Uint8Array): Buffer {
  if (typeof argument !== 'string') return Buffer.from(argument);
  if (argument.isWellFormed()) return Buffer.from(argument);
  const chars = Array.from(argument, char => {
    const code = char.codePointAt(0) ?? 0;
    if (char.isWellFormed()) return Buffer.from(char);
    return Buffer.of(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
  });
  return Buffer.concat(chars);
}

/** Builds the program once for each state of its sources. */
async function build(): Promise<string> {
  const folder = import.meta.dirname;
  const sources = ['go.mod', 'go.sum', 'main.go', 'functions.go', 'modfile.go'];
  const hash = createHash('sha256');
  for (const source of sources) hash.update(await readFile(join(folder, source))).update('\0');
  const cache = join(folder, '..', '..', '.cache');
  const binary = join(cache, `oracle-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(binary)) return binary;
  await mkdir(cache, { recursive: true });
  // Built aside, as several test workers may be here at once.
  const building = `${binary}.${randomBytes(4).toString('hex')}`;
  await promisify(execFile)('go', ['build', '-buildvcs=false', '-o', building, '.'], { cwd: folder });
  await rename(building, binary);
  return binary;
}
