import { openBigquery } from '../../services/analytics/bigquery.ts';
import { createLoggingClient } from '../../services/analytics/logging/client.ts';
import { createSender } from '../../services/analytics/logging/sender.ts';
import { analyticsContract } from './contract.ts';
import { startGoogle } from './google.ts';

const project = 'acme';

analyticsContract('Cloud Logging and BigQuery, at the wire', async () => {
  const google = await startGoogle();
  const { url } = google.recorder;
  let dropped = 0;
  const sender = createSender({
    client: createLoggingClient(project, url),
    project,
    onSettled: settled => {
      dropped += settled.dropped;
    },
  });
  const fail = (error: Error) => {
    throw error;
  };
  const analytics = await openBigquery({ project, dataset: 'gocenter', endpoint: url, onError: fail });
  return {
    // Without its process, which would take a second a test (logging.test.ts has it).
    log: { write: lines => sender.push(lines), dropped, close: () => sender.drain() },
    analytics,
    settle: () => sender.drain(),
    async close() {
      await sender.drain();
      await analytics.close();
      await google[Symbol.asyncDispose]();
    },
  };
});
