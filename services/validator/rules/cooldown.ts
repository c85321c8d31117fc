import { pass, type Rule, refuse } from '../rule.ts';

/** The time is the origin's word, of a commit mostly; one in the future counts as now. */
export const cooldown: Rule = {
  name: 'cooldown',
  about: 'Refuses versions younger than COOLDOWN: most malicious ones are found and withdrawn in their first days.',
  overrulable: true,
  async check(candidate, { config, now }) {
    if (config.COOLDOWN === 0) return pass();
    const { time } = await candidate.info();
    if (time === undefined) return refuse('its origin does not say of when it is, so its age can’t be known');
    const born = Math.min(time.getTime(), now.getTime());
    const until = new Date(born + config.COOLDOWN);
    if (until <= now) return pass();
    return refuse(`it is of ${time.toISOString()} and may be used from ${until.toISOString()} on`, { until });
  },
};
