// The quick gate: types, lint and format, side by side. Exit 1 when one of them finds a fault.
import { spawn } from 'node:child_process';

const started = Date.now();
const run = (command, ...args) =>
  new Promise(resolve => spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] }).on('exit', resolve));

const codes = await Promise.all([run('tsc', '-p', '.'), run('biome', 'check', '--error-on-warnings', '.')]);
console.log(`check: types and lint in ${((Date.now() - started) / 1000).toFixed(1)} s`);
process.exitCode = codes.every(code => code === 0) ? 0 : 1;
