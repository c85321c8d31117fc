import { type SubscriptionName, subscriptions } from '../messaging/topics.ts';
import { type CommandDeps, defineCommand, misused, print, type Target } from './command.ts';

const names = Object.keys(subscriptions) as SubscriptionName[];
const isName = (text: string | undefined): text is SubscriptionName => names.some(name => name === text);
const choice = '[<subscription>]';

export const deadLetters = defineCommand({
  name: 'dead-letters',
  usage: choice,
  about: 'Lists the messages that were given up, oldest first.',
  async act(deps, { positionals }) {
    const [only, ...more] = positionals;
    if (more.length > 0 || (only !== undefined && !isName(only)))
      throw misused(`give one of ${names.join(', ')}, or nothing`);
    let count = 0;
    for (const subscription of only === undefined ? names : [only]) {
      for (const letter of await deps.messaging.deadLetters(subscription)) {
        const { module = '?', version = '?' } = (letter.message ?? {}) as Partial<Target>;
        const attempts = `${letter.attempts} ${letter.attempts === 1 ? 'attempt' : 'attempts'}`;
        const head = `${subscription} ${letter.id}  ${module}@${version}`;
        print(deps, `${head}  of ${letter.publishedAt.toISOString()}, ${attempts}: ${letter.error}`);
        count += 1;
      }
    }
    if (count === 0) print(deps, 'There are no dead letters.');
    return true;
  },
});

export const replay = defineCommand({
  name: 'replay',
  usage: `${choice} <id>|--all`,
  about: 'Has dead letters delivered again: the one with this id, or all.',
  options: { all: { type: 'boolean' } },
  async act(deps, { positionals, options }) {
    const [first, ...rest] = positionals;
    const chosen = isName(first) ? [first] : names;
    const [id, ...more] = isName(first) ? rest : positionals;
    const all = options.all === true;
    if (more.length > 0) throw misused(`${JSON.stringify(more[0])} is too much`);
    if (all === (id !== undefined)) throw misused('give the id of one dead letter, or --all');
    const count = await replayAll(deps, chosen, id);
    print(deps, count === 1 ? '1 message will be delivered again.' : `${count} messages will be delivered again.`);
    return all || count > 0;
  },
});

async function replayAll({ messaging }: CommandDeps, chosen: readonly SubscriptionName[], id: string | undefined) {
  let count = 0;
  for (const subscription of chosen) count += await messaging.replay(subscription, id);
  return count;
}
