import { asFault } from '../../errors.ts';
import { checkModuleVersion, splitPathVersion } from '../../gomod/path.ts';
import { build, major } from '../../gomod/semver.ts';
import { canonicalVersion } from '../../gomod/version.ts';
import { pass, type Rule, refuse } from '../rule.ts';

/** Go Modules Reference, "Module paths", "Versions" and "Non-module compatibility"; `.info` in "GOPROXY protocol". */
export const pathAndVersion: Rule = {
  name: 'path-and-version',
  about:
    'Refuses a malformed module path, a version that is not canonical or not of the path’s major version, and an .info of another version: the go command could not use it.',
  overrulable: false,
  async check(candidate) {
    const { module, version } = candidate;
    try {
      checkModuleVersion(module, version);
      const info = await candidate.info();
      if (info.Version !== version) return refuse(`its .info is of version ${info.Version.slice(0, 256)}`);
    } catch (error) {
      const fault = asFault(error);
      if (fault.kind !== 'invalid') throw fault;
      return refuse(fault.message);
    }
    const canonical = canonicalVersion(version);
    if (canonical !== version) return refuse(`the version is not canonical, which would be ${canonical}`);
    if (build(version) !== '+incompatible') return pass();

    const pathMajor = splitPathVersion(module)?.pathMajor ?? '';
    if (pathMajor !== '') return refuse(`a path that ends in ${pathMajor} can't have +incompatible versions`);
    if (['v0', 'v1'].includes(major(version))) return refuse('+incompatible is for v2 and up');
    return pass();
  },
};
