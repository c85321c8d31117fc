import type { DeadLetter, Messaging } from '../../messaging/index.ts';

interface Asked {
  module: string;
  version: string;
  /** RFC 3339. */
  requestedAt: string;
}

/** Where a request may end without an outcome: before it is fetched, and before it is checked. */
const subscriptions = ['processor', 'validator'] as const;
/** Messages are tried for longer than this before they are given up: until then nobody needs to look, in ms. */
const soonest = 15_000;
/** More than that are not looked through. */
const mostLetters = 10_000;
/** How long dead letters are remembered, in ms: to list them is work for a broker, and pages ask every second. */
const age = 5000;

/** Finds the dead letter that a request has become, if it has; once that is replayed there is none any more. */
export function createGivenUp(messaging: Pick<Messaging, 'deadLetters'>, now: () => Date) {
  let last: { at: number; letters: Promise<DeadLetter[]> } | undefined;

  function letters(): Promise<DeadLetter[]> {
    const at = now().getTime();
    if (last === undefined || at - last.at >= age) {
      const lists = subscriptions.map(name => messaging.deadLetters(name, { limit: mostLetters }));
      const read = Promise.all(lists).then(
        each => each.flat(),
        () => {
          last = undefined;
          return []; // until they can be listed, the request waits as far as anybody knows
        },
      );
      last = { at, letters: read };
    }
    return last.letters;
  }

  return async ({ module, version, requestedAt }: Asked): Promise<DeadLetter | undefined> => {
    if (now().getTime() - Date.parse(requestedAt) < soonest) return undefined;
    return (await letters()).find(({ message }) => {
      const its = (message ?? {}) as Partial<Asked>;
      // One of an earlier request says nothing of this one.
      return its.module === module && its.version === version && (its.requestedAt ?? '') >= requestedAt;
    });
  };
}
