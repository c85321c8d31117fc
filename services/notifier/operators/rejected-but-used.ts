import { asFault } from '../../errors.ts';
import { parseModFile } from '../../gomod/modfile.ts';
import { canonicalVersion } from '../../gomod/version.ts';
import type { Message } from '../../messaging/topics.ts';
import { readOutcome, versionKey } from '../../records/index.ts';
import { readObject, type Storage } from '../../storage/index.ts';
import type { Api } from '../../ui-backend/client.ts';
import { isRejection } from '../../validator/reject.ts';
import type { Tell } from '../incidents.ts';
import { reasonsText } from '../notices.ts';

/** The greatest go.mod that a version may have, in bytes. */
const goModLimit = 16 << 20;
/** Users that are named. */
const named = 5;
/** Requirements of one version that are looked at. */
const maxRequirements = 2000;

export interface UsedDeps {
  published: Storage;
  records: Storage;
  api: Pick<Api, 'usedBy'>;
  tell: Tell;
  pages: string;
}

/**
 * Rejected versions that modules published here require: their builds fail. Found from both ends, because either may come
 * first: when a version is rejected, and when a version that requires it is published.
 */
export function createUsedWatch({ published, records, api, tell, pages }: UsedDeps) {
  const say = (rejected: string, at: string, users: readonly string[], total: number, reasons: string) => {
    const more = total > users.length ? ` and ${total - users.length} more` : '';
    const [module = ''] = rejected.split('@');
    return tell({
      id: `used ${rejected} by ${users[0] ?? ''} ${at}`,
      type: 'rejected-but-used',
      at,
      level: 'warning',
      thread: `used ${rejected}`,
      title: `${rejected} is refused, but used`,
      text: `${reasons}\nUsed by ${users.join(', ')}${more}.`,
      link: { label: 'See it', url: `${pages}/${rejected}` },
      data: { module, rejected, users, total },
    });
  };

  return {
    async rejected({ module, version, rejectedAt, reasons }: Message<'module.rejected'>): Promise<void> {
      const users = await api.usedBy({ module, version, all: true, limit: named }).catch(error => {
        if (asFault(error).kind === 'not-found') return undefined;
        throw error;
      });
      if (users === undefined || users.total === 0) return;
      const names = users.items.map(user => `${user.module}@${user.version}`);
      await say(`${module}@${version}`, rejectedAt, names, users.total, reasonsText(reasons));
    },

    async published({ module, version, publishedAt }: Message<'module.published'>): Promise<void> {
      const bytes = await readObject(published, `${versionKey(module, version)}.mod`, goModLimit);
      if (bytes === undefined) return;
      const { require } = parseModFile(`${module}@${version}/go.mod`, bytes, { lax: true });
      for (const required of require.slice(0, maxRequirements)) {
        if (canonicalVersion(required.version) !== required.version) continue;
        const outcome = await readOutcome(records, required.path, required.version);
        if (!isRejection(outcome)) continue;
        const rejected = `${required.path}@${required.version}`;
        await say(rejected, publishedAt, [`${module}@${version}`], 1, reasonsText(outcome.reasons));
      }
    },
  };
}
