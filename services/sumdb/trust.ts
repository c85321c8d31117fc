import pLimit from 'p-limit';
import { asFault, Fault } from '../errors.ts';
import type { SumdbCache } from './cache.ts';
import { openNote, type Verifier } from './note.ts';
import { checkTree, proveTree } from './proof.ts';
import { remembering, type TileReader, type TileSource } from './tiles.ts';
import { parseTree, type Tree } from './tlog.ts';
import { TreeView } from './view.ts';

export interface SignedTree {
  tree: Tree;
  note: Buffer;
}

/** Opens the signed note of a tree. Throws `security`. */
export const openTree = (note: Buffer, verifier: Verifier): SignedTree => ({
  tree: parseTree(openNote(note, verifier)),
  note,
});

/**
 * The newest tree that the client trusts. Every other signed tree must begin with it or be its beginning; there is only
 * one timeline. It never goes backwards, here or in the cache, and advances only after what it came with was proven.
 */
export class TrustedTree {
  readonly #verifier: Verifier;
  readonly #cache: SumdbCache;
  readonly #tiles: TileSource;
  readonly #exclusively = pLimit(1);
  #latest: SignedTree | undefined;
  #loading: Promise<void> | undefined;

  constructor(verifier: Verifier, cache: SumdbCache, tiles: TileSource) {
    this.#verifier = verifier;
    this.#cache = cache;
    this.#tiles = tiles;
  }

  /**
   * Proves `signed` to be on the timeline, calls `check` with a view of the newer of it and the trusted tree, and then
   * keeps all that was proven. When anything throws, nothing is kept. Returns the size of the tree that was viewed.
   */
  async extend(signed: SignedTree, check: (view: TreeView) => Promise<void>): Promise<number> {
    await this.#load();
    const tiles = remembering(this.#tiles);
    // Others advance the tree meanwhile, so it may take another round. It grows each time: rounds end at signed.size.
    for (let round = 0; round < maxRounds; round++) {
      const trusted = this.#latest;
      const view = await this.#join(signed, trusted, tiles);
      await check(view);
      const isNewer = trusted === undefined || signed.tree.size > trusted.tree.size;
      if (isNewer && !(await this.#exclusively(() => this.#advance(signed, trusted)))) continue;
      await this.#tiles.keep(view.proven);
      return view.tree.size;
    }
    throw new Fault('unavailable', 'the newest trusted tree changes too often');
  }

  /** A view of the newer of two trees that is proven to begin with the older. Throws `security` for a fork. */
  async #join(signed: SignedTree, trusted: SignedTree | undefined, tiles: TileReader): Promise<TreeView> {
    if (trusted === undefined) return new TreeView(signed.tree, tiles);
    const [older, newer] = signed.tree.size < trusted.tree.size ? [signed, trusted] : [trusted, signed];
    const view = new TreeView(newer.tree, tiles);
    const { size, root } = older.tree;
    const expected = size === newer.tree.size ? newer.tree.root : await view.rootAt(size);
    if (!expected.equals(root)) throw await fork(older, newer, view);
    return view;
  }

  /** Makes `next` the trusted tree unless that is no longer `trusted`; says whether it did. */
  async #advance(next: SignedTree, trusted: SignedTree | undefined): Promise<boolean> {
    if (this.#latest !== trusted) return false;
    const kept = await this.#readKept();
    if (kept !== undefined && (trusted === undefined || kept.tree.size > trusted.tree.size)) {
      // Another process has advanced it. `next` is compared with that in another round.
      await this.#join(kept, trusted, this.#tiles);
      this.#latest = kept;
      return false;
    }
    try {
      await this.#cache.writeLatest(next.tree.size, next.note);
    } catch (error) {
      if (asFault(error).kind === 'conflict') return false; // another process was faster, with a note of this size
      throw error;
    }
    this.#latest = next;
    return true;
  }

  #load(): Promise<void> {
    this.#loading ??= this.#readKept().then(
      kept => {
        this.#latest = kept;
      },
      error => {
        this.#loading = undefined;
        throw error;
      },
    );
    return this.#loading;
  }

  async #readKept(): Promise<SignedTree | undefined> {
    const note = await this.#cache.readLatest();
    if (note === undefined) return undefined;
    try {
      return openTree(note, this.#verifier);
    } catch (error) {
      throw new Fault('security', `the trusted tree that was kept is damaged: ${asFault(error).message}`, {
        cause: error,
      });
    }
  }
}

const maxRounds = 1000;

/** The cause holds what proves the fork to anybody: both signed trees, and what the newer one says of the older. */
async function fork(older: SignedTree, newer: SignedTree, view: TreeView): Promise<Fault> {
  const { size } = older.tree;
  const evidence = [`older tree:\n${older.note}`, `newer tree:\n${newer.note}`];
  if (size >= 1 && size < newer.tree.size) {
    const root = await view.rootAt(size);
    const proof = await proveTree(view, size);
    if (!checkTree(proof, newer.tree, { size, root })) throw new Fault('internal', 'made an inconsistent proof');
    const hashes = [root, ...proof].map(hash => hash.toString('base64'));
    evidence.push(`the newer tree begins with:\n${hashes.join('\n')}\n`);
  }
  const sentence = `fork: the signed tree of ${newer.tree.size} records does not contain the signed tree of ${size}`;
  return new Fault('security', sentence, { cause: new Error(evidence.join('\n')) });
}
