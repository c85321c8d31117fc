import { pass, type Rule, refuse } from '../rule.ts';
import { matchesAny } from './patterns.ts';

export const denyList: Rule = {
  name: 'deny-list',
  about: 'Refuses what a pattern of DENY names: its users must not get it from here.',
  overrulable: true,
  async check({ module, version }, { config }) {
    if (!matchesAny(config.DENY, module, version)) return pass();
    return refuse(`${module}@${version} is on the list of denied modules`);
  },
};
