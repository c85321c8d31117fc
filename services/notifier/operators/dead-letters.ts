import type { Messaging } from '../../messaging/index.ts';
import { type SubscriptionName, subscriptions } from '../../messaging/topics.ts';
import type { Problem } from '../incidents.ts';

const names = Object.keys(subscriptions) as SubscriptionName[];
/** Errors that are shown. */
const shown = 3;

/** Subscriptions with messages that were given up. More of them are told again at every doubling. */
export async function deadLetterProblems(messaging: Pick<Messaging, 'backlog' | 'deadLetters'>): Promise<Problem[]> {
  const found = await Promise.all(names.map(async name => ({ name, dead: (await messaging.backlog(name)).dead })));
  return found
    .filter(({ dead }) => dead > 0)
    .map(({ name, dead }) => ({
      key: name,
      level: 'critical',
      title: `${dead} dead ${dead === 1 ? 'letter' : 'letters'} of ${name}`,
      text: 'Messages were given up. When the cause is mended: npm start -- replay --all',
      mark: String(Math.floor(Math.log2(dead))),
      log: async () => {
        const letters = await messaging.deadLetters(name, { limit: shown });
        return letters.map(({ error, attempts }) => `${error} (${attempts} attempts)`).join('\n');
      },
    }));
}
