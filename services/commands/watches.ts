import { createWatches, type Watch, type Watches } from '../notifier/watches.ts';
import { defineCommand, misused, print } from './command.ts';

/** An operator sees all watches, and may end any: those who made them know an id that can't be guessed. */
export const watches = defineCommand({
  name: 'watches',
  usage: '[list | end <id>…]',
  about: 'Lists what people watch, where it is told and how that goes; ends watches.',
  async act(deps, { positionals: [what = 'list', ...ids] }) {
    const kept = createWatches(deps);
    if (what === 'end') {
      if (ids.length === 0) throw misused('give the ids of the watches to end');
      let all = true;
      for (const id of ids) {
        if (!/^[0-9a-f]{32}$/.test(id))
          throw misused(`${JSON.stringify(id)} is no id of a watch: 32 characters, 0-9a-f`);
        const ended = await kept.remove(id);
        print(deps, ended ? `${id} is ended.` : `There is no watch ${id}.`);
        all &&= ended;
      }
      return all;
    }
    if (what !== 'list' || ids.length > 0) throw misused('give list, or end and the ids of watches');
    let count = 0;
    for await (const watch of kept.list()) {
      print(deps, await lineOf(watch, kept));
      count += 1;
    }
    if (count === 0) print(deps, 'There are no watches.');
    return true;
  },
});

async function lineOf({ id, owner, createdAt, subject, deliver }: Watch, kept: Watches): Promise<string> {
  const { confirmed, failingSince, disabled } = await kept.state(id);
  const what = 'module' in subject ? subject.module : `search ${JSON.stringify(subject.search)}`;
  const where = 'slack' in deliver ? `Slack ${deliver.slack}` : deliver.webhook;
  const failing = failingSince === undefined ? undefined : `fails since ${failingSince}`;
  const how = disabled ?? failing ?? (confirmed ? 'active' : 'not confirmed');
  return `${id}  ${what} → ${where}  of ${createdAt}, by ${owner}: ${how}`;
}
