import { rebuild } from '../catalogue/rebuild.ts';
import { defineCommand, noPositionals, print } from './command.ts';

/** Versions between two lines of progress. */
const step = 10_000;

export const reindex = defineCommand({
  name: 'reindex',
  usage: '',
  about: 'Rebuilds the catalogue from the store; it stays in use meanwhile, and an interrupted run can be begun again.',
  async act(deps, given) {
    noPositionals(given);
    const catalogue = await deps.openCatalogue();
    const started = performance.now();
    let told = 0;
    try {
      const { read, failed, removed } = await rebuild({
        stores: deps,
        catalogue,
        progress(done) {
          if (done < told + step) return;
          told = done;
          print(deps, `${done} versions …`);
        },
        failed: ({ module, version }, reason) => print(deps, `${module}@${version} can't be read whole: ${reason}`),
      });
      const { modules, published } = await catalogue.counts();
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      print(deps, `${read} versions read in ${seconds} s, ${removed} removed that are no longer there.`);
      print(deps, `The catalogue has ${published} published versions of ${modules} modules.`);
      if (failed > 0) print(deps, `${failed} could not be read whole; the lines above say which, and why.`);
      return failed === 0;
    } finally {
      await catalogue.close();
    }
  },
});
