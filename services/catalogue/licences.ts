import { createRequire } from 'node:module';
import { LRUCache } from 'lru-cache';
import type { Licence } from './facts.ts';

/** Licence files stand at the root of a module, under these names, perhaps with something before or after. */
const names = /^(?:.+[-_.])?(?:licen[cs]es?|copying|unlicen[cs]e)(?:[-_.].+)?$/i;
const source = /\.(?:go|json|ya?ml|toml|html?|tmpl|sh|py|js|ts|png|svg)$/i;

export const isLicenceFile = (name: string) => !name.includes('/') && names.test(name) && !source.test(name);

/** Below this it is not said to be that licence at all. */
const leastAlike = 0.5;
/** A text that is that licence, but for some words. */
const alike = 0.8;
/** A text that is that licence and nothing else. */
const same = 0.99;
/** Share of a licence's pairs that a text has which holds it among others. Shorter ones are in others by chance. */
const leastHeld = 0.95;
const leastPairs = 50;
const mostHeld = 10;

type Found = Omit<Licence, 'file'>;

/** Most modules have one of a few texts; years and owners are left out before they are compared. */
const results = new LRUCache<string, Found[]>({ max: 2000, maxSize: 32 << 20 });

/**
 * Which licences of the SPDX list the text of a file is, or holds, the surest first; one of the id `unknown` when it is
 * none. The confidence is the Sørensen–Dice coefficient of the pairs of neighbouring words of both, which is 1 for the
 * same text whatever its lines, punctuation, year and owner. Of a licence that stands among other text, it is the share of
 * its pairs that are there. A file of a tag alone (`SPDX-License-Identifier: MIT OR Apache-2.0`) is of those licences; of
 * a longer one its text tells, whatever a tag in it says, and the tag of a text that is like none is hearsay.
 */
export function licencesIn(file: string, text: string): Licence[] {
  const tagged = tagsIn(text);
  const plain = normalize(tagged.length === 0 ? text : text.replaceAll(tag, ''));
  if (tagged.length > 0 && plain.split(' ').length <= besidesTag)
    return tagged.map(id => ({ id, confidence: 1, file }));
  let result = results.get(plain);
  if (result === undefined) {
    result = mostAlike(pairs(plain));
    results.set(plain, result, { size: plain.length + 1 });
  }
  const isNone = result.every(({ id }) => id === 'unknown');
  if (isNone && tagged.length > 0) return tagged.map(id => ({ id, confidence: hearsay, file }));
  return result.map(found => ({ ...found, file }));
}

const tag = /SPDX-License-Identifier:[ \t]*([^\r\n]{1,200})/gi;
/** Words beside a tag that make no licence text: a title, a hint where the text is. */
const besidesTag = 30;
/** Less than lists and filters take. */
const hearsay = 0.5;

/** Licences of the SPDX list that the first tag names. */
function tagsIn(text: string): string[] {
  const [, expression = ''] = new RegExp(tag.source, 'i').exec(text.slice(0, 1000)) ?? [];
  const { ids } = texts();
  const named = expression.split(/[\s()]+|\*\/|-->/).flatMap(word => ids.get(word.toLowerCase()) ?? []);
  return [...new Set(named)];
}

/** Not a line of the licence itself that happens to begin so: `copyright notice and this permission notice …`. */
const owner =
  /^[\s*#/;.-]*(?:copyright\b(?!\s+(?:notices?|holders?|owners?|licen[cs]es?|laws?|statements?|interests?|and|or|in|is|to|on|as|under)\b)|\(c\)|©|all rights reserved)/;
/** A longer line is the licence itself, without line breaks. */
const longestOwner = 200;

/** Whom a licence protects: some texts name them, others say authors, holders, contributors. */
const holders = [
  [/\b(as is and) (?:\w+ ){1,12}(disclaims?)\b/g, '$1 holders disclaim'],
  [/\b(in no event (?:shall|will)) (?:\w+ ){1,12}?(be liable)\b/g, '$1 holders $2'],
  [/\b(neither the names? of) (?:\w+ ){1,12}?(nor the names? of)\b/g, '$1 holders $2'],
] as const;

/** Lower-case words without the lines that differ from owner to owner, and without advice on how to apply the licence. */
function normalize(text: string): string {
  const [terms = ''] = text.toLowerCase().split(endOfTerms, 1);
  const lines = terms.split('\n');
  const telling = lines.filter(line => line.length > longestOwner || !owner.test(line));
  const words =
    telling
      .join('\n')
      .replace(enumerator, '')
      .replaceAll('licence', 'license')
      .match(/[a-z0-9]+/g) ?? [];
  return holders.reduce((plain, [pattern, general]) => plain.replace(pattern, general), words.join(' '));
}

/** Some number the conditions, others mark them by a bullet. */
const enumerator = /^[\s*#/;]*\(?\d{1,2}[.)]\s/gm;
const endOfTerms = /^[\s*#/;.-]*end of terms and conditions/m;

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

/** What stands at the head of files instead of the whole licence; a licence file of some words and this is that licence. */
const header = /licensed under the apache license,? version 2\.0[\s\S]*limitations under the license/i;

type SpdxList = Readonly<Record<string, { licenseText: string }>>;

let loaded: Texts | undefined;

/** Made when first needed: the list is 5 MB of JSON. */
function texts(): Texts {
  if (loaded !== undefined) return loaded;
  const list: SpdxList = createRequire(import.meta.url)('spdx-license-list/full.js');
  const all: Texts['all'] = [];
  const byPair: Texts['byPair'] = new Map();
  const ids = Object.keys(list).sort((a, b) => preference(a) - preference(b) || (a < b ? -1 : 1));
  const add = (id: string, text: string) => {
    const own = pairs(normalize(text));
    for (const pair of own) {
      const known = byPair.get(pair);
      if (known === undefined) byPair.set(pair, [all.length]);
      else known.push(all.length);
    }
    all.push({ id, pairs: own.size });
  };
  for (const id of ids) add(id, list[id]?.licenseText ?? '');
  add('Apache-2.0', header.exec(list['Apache-2.0']?.licenseText ?? '')?.[0] ?? '');
  loaded = { all, byPair, ids: new Map(ids.map(id => [id.toLowerCase(), id])) };
  return loaded;
}

/**
 * Of equal texts the first wins. That of the GPL does not say whether later ones may be chosen: what is certain is
 * `-only`. Its identifiers without either are deprecated.
 */
const preference = (id: string) => (/-or-later$/.test(id) ? 1 : /^A?L?GPL-[\d.]+\+?$/.test(id) ? 2 : 0);

function mostAlike(own: Set<string>): Found[] {
  const { all, byPair } = texts();
  const shared = new Uint32Array(all.length);
  for (const pair of own) {
    for (const licence of byPair.get(pair) ?? []) shared[licence] = (shared[licence] ?? 0) + 1;
  }
  let best: { id: string; place: number; confidence: number } = { id: 'unknown', place: -1, confidence: 0 };
  for (const [place, { id, pairs }] of all.entries()) {
    const confidence = (2 * (shared[place] ?? 0)) / (own.size + pairs);
    if (confidence > best.confidence) best = { id, place, confidence };
  }
  const { id, confidence } = best;
  const whole = { id: confidence < leastAlike ? 'unknown' : id, confidence: rounded(confidence) };
  if (confidence >= same) return [whole];
  const among = held(own, shared, confidence >= alike ? best.place : undefined);
  if (confidence >= alike) return [whole, ...among];
  return among.length > 0 ? among : [whole];
}

/** Licences whose texts stand in a text, each mostly of words that no other one found has; `known` is found already. */
function held(own: Set<string>, shared: Uint32Array, known: number | undefined): Found[] {
  const { all, byPair } = texts();
  const share = (place: number) => (shared[place] ?? 0) / (all[place]?.pairs ?? 1);
  const places = all.flatMap(({ pairs }, place) => (pairs >= leastPairs && share(place) >= leastHeld ? [place] : []));
  places.sort((a, b) => share(b) - share(a) || (all[b]?.pairs ?? 0) - (all[a]?.pairs ?? 0));
  const taken = new Set<string>();
  const pairsOf = (place: number) => [...own].filter(pair => byPair.get(pair)?.includes(place));
  for (const pair of known === undefined ? [] : pairsOf(known)) taken.add(pair);
  const found: Found[] = [];
  for (const place of places) {
    if (found.length >= mostHeld) break;
    const its = pairsOf(place);
    if (place === known || its.filter(pair => !taken.has(pair)).length < its.length / 2) continue;
    for (const pair of its) taken.add(pair);
    const { id = '' } = all[place] ?? {};
    if (!found.some(one => one.id === id)) found.push({ id, confidence: rounded(share(place)) });
  }
  return found;
}

const rounded = (confidence: number) => Math.round(confidence * 1000) / 1000;
