import { defaultFolder, runningCluster, startCluster, stopCluster } from './index.ts';

// `node test/cluster/main.ts up|down`, for people; tests start clusters of their own.
const [command] = process.argv.slice(2);
const began = performance.now();
const seconds = () => `${((performance.now() - began) / 1000).toFixed(1)} s`;

if (command === 'up') {
  const running = await runningCluster(defaultFolder);
  if (running === undefined) {
    const { cluster, release } = await startCluster(defaultFolder, line => console.error(`cluster: ${line}`));
    release();
    if (cluster.withoutRealNode !== undefined) console.log(`Without a real node: ${cluster.withoutRealNode}.`);
    console.log(`The cluster is up after ${seconds()}.`);
    tellHow(cluster.kubeconfig);
  } else {
    console.log('The cluster is up already.');
    tellHow(running.kubeconfig);
  }
} else if (command === 'down') {
  const was = await stopCluster(defaultFolder);
  console.log(was ? `The cluster is gone after ${seconds()}.` : 'No cluster is up.');
} else {
  console.error('Say `npm run cluster:up` or `npm run cluster:down`.');
  process.exitCode = 2;
}

function tellHow(kubeconfig: string): void {
  console.log(`export KUBECONFIG=${kubeconfig}\nkubectl is built by: node test/tools/main.ts kubectl`);
}
