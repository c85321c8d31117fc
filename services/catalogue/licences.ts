import { createRequire } from 'node:module';
import { LRUCache } from 'lru-cache';
import type { Licence } from './facts.ts';

/** Licence files stand at the root of a module, under these names, perhaps with something before or after. */
const names = /^(?:.+[-_.])?(?:licen[cs]es?|copying|unlicen[cs]e)(?:[-_.].+)?$/i;
const source = /\.(?:go|json|ya?ml|toml|html?|tmpl|sh|py|js|ts|png|svg)$/i;

export const isLicenceFile = (name: string) => !name.includes('/') && names.test(name) && !source.test(name);

/** Below this it is not said to be that licence at all. */
const leastAlike = 0.5;

/** Most modules have one of a few texts; years and owners are left out before they are compared. */
const results = new LRUCache<string, { id: string; confidence: number }>({ max: 2000, maxSize: 32 << 20 });

/**
 * Which licence of the SPDX list the text of a file is. The confidence is the Sørensen–Dice coefficient of the pairs of
 * neighbouring words of both, which is 1 for the same text whatever its lines, punctuation, year and owner.
 * A file of a tag alone (`SPDX-License-Identifier: MIT`) is that licence.
 */
export function licenceOf(file: string, text: string): Licence {
  const [, tagged] = /SPDX-License-Identifier:\s*([\w.+-]+)/i.exec(text.slice(0, 1000)) ?? [];
  const { ids } = texts();
  const tag = ids.get(tagged?.toLowerCase() ?? '');
  if (tag !== undefined) return { id: tag, confidence: 1, file };
  const plain = normalize(text);
  let result = results.get(plain);
  if (result === undefined) {
    result = mostAlike(pairs(plain));
    results.set(plain, result, { size: plain.length + 1 });
  }
  return { ...result, file };
}

const owner = /^[\s*#/;.-]*(?:copyright\b|\(c\)|©|all rights reserved)/;
/** A longer line is the licence itself, without line breaks. */
const longestOwner = 200;

/** Lower-case words without the lines that differ from owner to owner, and without advice on how to apply the licence. */
function normalize(text: string): string {
  const [terms = ''] = text.toLowerCase().split(/^[\s*#/;.-]*end of terms and conditions/m, 1);
  const lines = terms.split('\n');
  const telling = lines.filter(line => line.length > longestOwner || !owner.test(line));
  return (
    telling
      .join('\n')
      .replaceAll('licence', 'license')
      .match(/[a-z0-9]+/g) ?? []
  ).join(' ');
}

function pairs(plain: string): Set<string> {
  const words = plain.split(' ');
  const found = new Set<string>();
  for (let i = 1; i < words.length; i++) found.add(`${words[i - 1]} ${words[i]}`);
  return found;
}

interface Texts {
  /** Identifiers by their lower case. */
  ids: Map<string, string>;
  all: { id: string; pairs: number }[];
  /** Licences (places in `all`) by the pairs they have. */
  byPair: Map<string, number[]>;
}

type SpdxList = Readonly<Record<string, { licenseText: string }>>;

let loaded: Texts | undefined;

/** Made when first needed: the list is 5 MB of JSON. */
function texts(): Texts {
  if (loaded !== undefined) return loaded;
  const list: SpdxList = createRequire(import.meta.url)('spdx-license-list/full.js');
  const all: Texts['all'] = [];
  const byPair: Texts['byPair'] = new Map();
  const ids = Object.keys(list).sort((a, b) => preference(a) - preference(b) || (a < b ? -1 : 1));
  for (const id of ids) {
    const own = pairs(normalize(list[id]?.licenseText ?? ''));
    for (const pair of own) {
      const known = byPair.get(pair);
      if (known === undefined) byPair.set(pair, [all.length]);
      else known.push(all.length);
    }
    all.push({ id, pairs: own.size });
  }
  loaded = { all, byPair, ids: new Map(ids.map(id => [id.toLowerCase(), id])) };
  return loaded;
}

/**
 * Of equal texts the first wins. That of the GPL does not say whether later ones may be chosen: what is certain is
 * `-only`. Its identifiers without either are deprecated.
 */
const preference = (id: string) => (/-or-later$/.test(id) ? 1 : /^A?L?GPL-[\d.]+\+?$/.test(id) ? 2 : 0);

function mostAlike(own: Set<string>): { id: string; confidence: number } {
  const { all, byPair } = texts();
  const shared = new Uint32Array(all.length);
  for (const pair of own) {
    for (const licence of byPair.get(pair) ?? []) shared[licence] = (shared[licence] ?? 0) + 1;
  }
  let best = { id: 'unknown', confidence: 0 };
  for (const [i, { id, pairs }] of all.entries()) {
    const confidence = (2 * (shared[i] ?? 0)) / (own.size + pairs);
    if (confidence > best.confidence) best = { id, confidence };
  }
  const confidence = Math.round(best.confidence * 1000) / 1000;
  return confidence < leastAlike ? { id: 'unknown', confidence } : { id: best.id, confidence };
}
