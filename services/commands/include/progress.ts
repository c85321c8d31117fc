import type { CommandDeps } from '../command.ts';

/** Tells how far a long command is. */
export interface Progress {
  /** Something was done; `about` is a line of its own where there is no terminal to draw on. */
  done(count: number, about: string): void;
  end(): void;
}

const width = 30;
/** Drawn this often at most, in ms. */
const interval = 50;

/** A bar that is drawn over itself on a terminal, and plain lines anywhere else. */
export function createProgress(out: CommandDeps['out'], total: number, line: (text: string) => void): Progress {
  if (out.isTTY !== true) return { done: (_, about) => line(about), end() {} };
  let drawn = -interval;
  let text = '';
  const draw = () => {
    drawn = performance.now();
    out.write(`\r${text.slice(0, Math.max(10, (out.columns || 80) - 1))}\x1b[K`);
  };
  return {
    done(count, about) {
      const filled = total === 0 ? width : Math.round((count / total) * width);
      const digits = String(count).padStart(String(total).length);
      text = `[${'█'.repeat(filled)}${'░'.repeat(width - filled)}] ${digits}/${total}  ${about}`;
      if (count === total || performance.now() - drawn >= interval) draw();
    },
    end: () => out.write('\r\x1b[K'),
  };
}
