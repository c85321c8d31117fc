/** Words so short are taken as they are: everything is near to them. */
export const shortestCorrected = 4;
/** Of so many words with the most trigrams in common the nearest is chosen. */
export const nearestCandidates = 50;

/** Three characters in a row each, the beginning and the end marked; each once. */
export function trigrams(word: string): string[] {
  const marked = `^${word}$`;
  const found = new Set<string>();
  for (let i = 0; i + 3 <= marked.length; i++) found.add(marked.slice(i, i + 3));
  return [...found];
}

/** Mistakes that are forgiven in a word of this length. */
export const forgiven = (length: number) => (length < shortestCorrected ? 0 : length < 8 ? 1 : 2);

export interface Known {
  word: string;
  /** How many modules have it in their path or synopsis. */
  modules: number;
}

/** The word that was meant: fewest mistakes, then used most, then the order of bytes. Undefined when none is near. */
export function nearest(word: string, candidates: Iterable<Known>): string | undefined {
  const most = forgiven(word.length);
  let best: (Known & { mistakes: number }) | undefined;
  for (const known of candidates) {
    const mistakes = distance(word, known.word, most);
    if (mistakes > most) continue;
    const better =
      best === undefined ||
      mistakes < best.mistakes ||
      (mistakes === best.mistakes &&
        (known.modules > best.modules || (known.modules === best.modules && known.word < best.word)));
    if (better) best = { ...known, mistakes };
  }
  return best?.word;
}

/**
 * Letters to add, remove, change, or swap with the next to make one of the other (optimal string alignment); more than
 * `most` is told as most + 1.
 */
export function distance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      }
      row.push(cost);
    }
    before = last;
    last = row;
  }
  return Math.min(last[b.length] ?? 0, most + 1);
}
