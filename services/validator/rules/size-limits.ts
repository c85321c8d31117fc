import { limits } from '../candidate.ts';
import { pass, type Rule, refuse } from '../rule.ts';

export const sizeLimits: Rule = {
  name: 'size-limits',
  about: 'Refuses a zip, go.mod or .info that is larger than the go command accepts, before anything of it is read.',
  overrulable: false,
  async check({ sizes }) {
    for (const kind of ['zip', 'mod', 'info'] as const) {
      if (sizes[kind] > limits[kind]) {
        return refuse(`its .${kind} has ${sizes[kind]} bytes, more than the ${limits[kind]} allowed`);
      }
    }
    return pass();
  },
};
