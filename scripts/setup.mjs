// Makes a fresh clone ready: npm packages, then the Debian packages that the task at hand needs. Runs before every
// script (`npm start`, `npm test`, …) on whatever Node the machine has, so it is plain JavaScript for Node 18 and up.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** What the real node of the test cluster is made of; only root can have one. */
const node = {
  containerd: ['containerd', 'the real node of the test cluster'],
  runc: ['runc', 'the real node of the test cluster'],
  '/usr/lib/cni/ptp': ['containernetworking-plugins', 'the real node of the test cluster'],
  iptables: ['iptables', 'the real node of the test cluster'],
  ip: ['iproute2', 'the real node of the test cluster'],
};
/** What images are built with where no public registry is reached, and looked at. */
const images = {
  buildah: ['buildah', 'the images'],
  debootstrap: ['debootstrap', 'the images without a public registry'],
  runc: ['runc', 'the tests of the images'],
};
const asRoot = process.platform === 'linux' && process.getuid() === 0;
const cluster = asRoot ? { ...node, ...images } : {};

/** Command → Debian package and what is lost without it, by task. */
const tools = {
  run: { git: ['git', 'the origin `direct`'] },
  check: {},
  test: {
    git: ['git', 'the tests of the origin `direct`'],
    openssl: ['openssl', 'the tests of the origin `direct`'],
    ...cluster,
    chromium: ['chromium', 'the tests of the pages in a browser'],
    pg_ctlcluster: ['postgresql', 'the tests of the catalogue on PostgreSQL'],
  },
  cluster,
  'bench:pages': { chromium: ['chromium', 'the measuring of the first page in a browser'] },
  images,
  bench: {
    nginx: ['nginx-light', 'the comparison with nginx'],
    wrk: ['wrk', 'wrk as load generator (autocannon serves instead)'],
    taskset: ['util-linux', 'pinning to cores'],
  },
};

const task = process.argv[2] ?? 'run';
const say = line => console.error(`setup: ${line}`);
const has = command => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;

installNpmPackages();
installDebianPackages(tools[task] ?? {});
if (task !== 'check' && !has('go')) {
  say(
    'Go is not on the PATH: the origin `direct` is off and the tests that need Go are skipped. See go.dev/doc/install.',
  );
}

function installNpmPackages() {
  const stamp = 'node_modules/.gocenter-setup';
  const wanted = createHash('sha256').update(readFileSync('package-lock.json')).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  say('installing npm packages');
  // Node 24 comes as an npm package whose install script fetches the binary for this machine.
  const { status } = spawnSync('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], {
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) {
    say('npm could not install the packages: its message above says why. Nothing was started.');
    process.exit(1);
  }
  writeFileSync(stamp, wanted);
}

function installDebianPackages(needed) {
  const missing = Object.entries(needed).filter(([command]) => !has(command));
  if (missing.length === 0) return;
  const names = missing.map(([, [name]]) => name);
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  const may = has('apt-get') && (sudo.length === 0 || spawnSync('sudo', ['-n', 'true']).status === 0);
  if (may) {
    say(`installing Debian packages: ${names.join(' ')}`);
    const apt = (...args) =>
      spawnSync([...sudo, 'apt-get'][0], [...[...sudo, 'apt-get'].slice(1), ...args], {
        stdio: ['ignore', 'ignore', 2],
      });
    apt('update', '-qq');
    apt('install', '-y', '-qq', '--no-install-recommends', ...names);
  }
  for (const [command, [name, lost]] of missing) {
    if (!has(command))
      say(`${command} is missing (Debian package ${name}): without it there is no ${lost.replace(/^the /, '')}.`);
  }
}
