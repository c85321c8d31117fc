import { asFault } from '../../errors.ts';
import { modulePath, parseModFile } from '../../gomod/modfile.ts';
import { splitPathVersion } from '../../gomod/path.ts';
import { build } from '../../gomod/semver.ts';
import { pass, type Rule, refuse } from '../rule.ts';

/**
 * A fork keeps the module line of what it forks, to be used by `replace`, so only the major version of that line has to
 * agree, as in the go command (isMajor in cmd/go/internal/modfetch/coderepo.go).
 */
export const goModAgrees: Rule = {
  name: 'go-mod-agrees',
  about:
    'Refuses a .mod that is not the zip’s go.mod, that does not parse, or whose module line is of another major version: what is required would not be what is built.',
  overrulable: false,
  async check(candidate) {
    const { module, version } = candidate;
    const mod = await candidate.mod();
    const { goMod } = await candidate.zip();
    if (goMod === undefined) {
      const line = `module ${module}\n`;
      return mod.equals(Buffer.from(line))
        ? pass()
        : refuse(`its zip has no go.mod, so its .mod must be ${JSON.stringify(line)}`);
    }
    if (!mod.equals(goMod)) return refuse('its .mod differs from the go.mod in its zip');
    if (build(version) === '+incompatible') return refuse('+incompatible is for versions without a go.mod');
    try {
      parseModFile('go.mod', mod, { lax: true });
    } catch (error) {
      const fault = asFault(error);
      if (fault.kind !== 'invalid') throw fault;
      return refuse(`its go.mod does not parse: ${fault.message}`);
    }
    const declared = modulePath(mod);
    if (declared === '') return refuse('its go.mod has no module line');
    return sameMajor(declared, module)
      ? pass()
      : refuse(`its go.mod is of module ${declared}, of another major version`);
  },
};

function sameMajor(declared: string, module: string): boolean {
  if (declared === module) return true;
  const theirs = splitPathVersion(declared)?.pathMajor;
  const ours = splitPathVersion(module)?.pathMajor ?? '';
  if (theirs === undefined) return false;
  // The last is an old mistake of the go command (golang.org/issue/34254) that published modules rely on.
  if (ours === '') return /^([/.]v[01](-unstable)?)?$/.test(theirs) || declared.startsWith('gopkg.in/');
  return theirs.slice(1) === ours.slice(1);
}
