import { asFault } from '../../errors.ts';
import { pass, type Rule, refuse } from '../rule.ts';

/** Go Modules Reference, "Module zip files", and what readModuleZip checks besides. */
export const zipWellFormed: Rule = {
  name: 'zip-well-formed',
  about:
    'Refuses a zip that breaks Go’s rules for module zips (names, prefix, duplicates, sizes) or that two readers could read differently.',
  overrulable: false,
  async check(candidate) {
    try {
      await candidate.zip();
      return pass();
    } catch (error) {
      const fault = asFault(error);
      if (fault.kind !== 'invalid') throw fault;
      return refuse(fault.message);
    }
  },
};
