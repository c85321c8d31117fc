import { pass, type Rule, refuse } from '../rule.ts';
import { matchesAny } from './patterns.ts';

export const allowList: Rule = {
  name: 'allow-list',
  about: 'Refuses what no pattern of ALLOW names, when there are any: only chosen modules may be used.',
  overrulable: true,
  async check({ module, version }, { config }) {
    if (config.ALLOW.length === 0 || matchesAny(config.ALLOW, module, version)) return pass();
    return refuse(`${module}@${version} is not on the list of allowed modules`);
  },
};
