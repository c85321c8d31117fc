import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { alertmanagerConfig } from '../../../infra/observability/alertmanager.ts';
import { alerts, cloudAlerts } from '../../../infra/observability/alerts.ts';
import { cloudRuleGroups, ruleGroups } from '../../../infra/observability/rules.ts';
import { serviceNames } from '../../../infra/services.ts';
import { buildTools } from '../../tools/index.ts';

const run = promisify(execFile);
const hasGo = await run('go', ['version']).then(
  () => true,
  () => false,
);
const groups = [...ruleGroups('https://docs.example/alerts.md'), ...cloudRuleGroups('https://docs.example/alerts.md')];

describe('each alert', () => {
  const all = [...alerts, ...cloudAlerts];

  it('has a section in docs/runbooks/alerts.md, and no section is of an alert that is gone', async () => {
    const text = await readFile(new URL('../../../docs/runbooks/alerts.md', import.meta.url), 'utf8');
    const sections = [...text.matchAll(/^## (.+)$/gm)].map(([, title]) => title);
    // By e-mail, from outside: infra/observability/uptime.ts.
    expect(sections.sort()).toEqual([...all.map(({ name }) => name), 'Unreachable'].sort());
  });

  it('leads to its section, and says in one line what is wrong', () => {
    for (const { rules } of groups) {
      for (const rule of rules) {
        if (!('alert' in rule)) continue;
        expect(rule.annotations.runbook_url).toBe(`https://docs.example/alerts.md#${rule.alert.toLowerCase()}`);
        expect(rule.annotations.summary).not.toMatch(/\n|\.$/);
      }
    }
  });

  it('goes to the notifier', () => {
    const { route, receivers } = alertmanagerConfig('gocenter');
    expect(receivers.map(({ webhook_configs }) => webhook_configs[0]?.url)).toEqual([
      'http://notifier.gocenter.svc.cluster.local:8084/hooks/alerts',
    ]);
    for (const { receiver } of [route, ...route.routes]) expect(receiver).toBe(receivers[0]?.name);
  });
});

describe.skipIf(!hasGo)('the rules, as Prometheus evaluates them (needs go to build promtool)', () => {
  let folder: string;
  let promtool: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rules-'));
    ({ promtool } = await buildTools(['promtool']));
    await writeFile(join(folder, 'rules.yaml'), stringify({ groups }));
  }, 600_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('are accepted by promtool, which has nothing to remark', async () => {
    const args = ['check', 'rules', '--lint=all', '--lint-fatal', join(folder, 'rules.yaml')];
    const { stdout } = await run(promtool, args);
    expect(stdout).toMatch(/SUCCESS: \d+ rules found/);
  });

  /** Samples a minute apart, in promtool's notation, and which of the alerts fire when. */
  interface Scenario {
    series: Record<string, string>;
    /** Only these are looked at, as a pattern. */
    watch: string;
    fires: Record<string, string[]>;
  }

  const up = Object.fromEntries(serviceNames.map(service => [`up{job="${service}"}`, '1x30']));
  const requests = (good: string, bad: string) => ({
    'gocenter_requests_total{kind="zip",status="200"}': good,
    'gocenter_requests_total{kind="zip",status="500"}': bad,
  });
  const published = (all: string, inTime: string) => ({
    gocenter_request_to_published_seconds_count: all,
    'gocenter_request_to_published_seconds_bucket{le="30"}': inTime,
  });

  const scenarios: Record<string, Scenario> = {
    'an outage pages within minutes, and goes quiet half an hour after it has ended': {
      // 2 % of 100 requests a minute fail for an hour: 20 times what the budget allows.
      series: requests('0+98x60 5980+100x120', '0+2x60 120x120'),
      watch: 'Downloads.*',
      fires: {
        '1m': [],
        '12m': ['DownloadsBurnFast'],
        '60m': ['DownloadsBurnFast', 'DownloadsBurnSlow'],
        '100m': ['DownloadsBurnSlow'],
      },
    },
    'errors within the budget wake nobody': {
      series: requests('0+9995x240', '0+5x240'),
      watch: 'Downloads.*',
      fires: { '60m': [], '240m': [] },
    },
    'a slow leak is a ticket, not a page': {
      // 0.4 %: four times the budget.
      series: requests('0+996x400', '0+4x400'),
      watch: 'Downloads.*',
      fires: { '400m': ['DownloadsBurnSlow'] },
    },
    'a handful of failed requests says nothing': {
      series: requests('0x60', '0+1x60'),
      watch: 'Downloads.*',
      fires: { '60m': [] },
    },
    'unknown paths are not counted': {
      series: { 'gocenter_requests_total{kind="other",status="500"}': '0+100x60' },
      watch: 'Downloads.*',
      fires: { '60m': [] },
    },
    'publishing that takes longer than 30 s pages': {
      series: published('0+10x90', '0+2x90'),
      watch: 'Publishing.*',
      fires: { '30m': ['PublishingBurnFast', 'PublishingBurnSlow'] },
    },
    'publishing in time wakes nobody': {
      series: published('0+100x90', '0+97x90'),
      watch: 'Publishing.*',
      fires: { '90m': [] },
    },
    'a queue that stands still pages after five minutes, each by itself': {
      series: {
        'gocenter_queue_oldest_age_seconds{subscription="processor",pod="a"}': '0+60x20',
        'gocenter_queue_oldest_age_seconds{subscription="validator",pod="a"}': '5x20',
      },
      watch: 'QueueOld',
      fires: { '9m': [], '12m': ['QueueOld'] },
    },
    'dead letters are told of until they are replayed': {
      series: { 'gocenter_dead_letters{subscription="validator"}': '0x4 3x10 0x10' },
      watch: 'DeadLetters',
      fires: { '8m': [], '12m': ['DeadLetters'], '20m': [] },
    },
    'an alarm pages at once, also the first of its kind': {
      series: { 'gocenter_alarms_total{reason="changed-bytes"}': '_x5 1x40' },
      watch: 'SecurityAlarm',
      fires: { '4m': [], '7m': ['SecurityAlarm'], '40m': [] },
    },
    'an origin that fails is a ticket; versions that do not exist are no failure': {
      series: {
        'gocenter_fetches_total{host="bad",outcome="timed-out"}': '0+60x40',
        'gocenter_fetches_total{host="bad",outcome="ok"}': '0+10x40',
        'gocenter_fetches_total{host="good",outcome="not-found"}': '0+60x40',
      },
      watch: 'OriginFailing',
      fires: { '10m': [], '35m': ['OriginFailing'] },
    },
    'a crash loop pages': {
      series: {
        'kube_pod_container_status_waiting_reason{reason="CrashLoopBackOff",pod="a",container="b"}': '0x5 1x20',
      },
      watch: 'CrashLoop',
      fires: { '8m': [], '12m': ['CrashLoop'] },
    },
    'a service without a pod pages, by its name': {
      series: { ...up, 'up{job="validator"}': '1x5 0x30' },
      watch: '.*Absent',
      fires: { '5m': [], '13m': ['ValidatorAbsent'] },
    },
    'pods that don’t come up and an autoscaler at its end are tickets': {
      series: {
        'kube_deployment_spec_replicas{deployment="proxy"}': '4x60',
        'kube_deployment_status_replicas_available{deployment="proxy"}': '3x60',
        'kube_horizontalpodautoscaler_status_current_replicas{horizontalpodautoscaler="proxy"}': '4x60',
        'kube_horizontalpodautoscaler_spec_max_replicas{horizontalpodautoscaler="proxy"}': '4x60',
      },
      watch: 'PodsMissing|AutoscalerAtMaximum',
      fires: { '14m': [], '20m': ['PodsMissing'], '35m': ['AutoscalerAtMaximum', 'PodsMissing'] },
    },
    'a certificate that is not renewed pages two weeks before its end': {
      series: {
        'monitoring_googleapis_com:uptime_check_time_until_ssl_cert_expires{host="go.example.com"}': '20x60 13x120',
      },
      watch: 'CertificateExpires',
      fires: { '60m': [], '150m': ['CertificateExpires'] },
    },
  };

  it.each(Object.entries(scenarios))('%s', async (name, { series, watch, fires }) => {
    const file = join(folder, `${name.replace(/\W+/g, '-')}.yaml`);
    const test = {
      rule_files: [join(folder, 'rules.yaml')],
      evaluation_interval: '30s',
      tests: [
        {
          interval: '1m',
          input_series: Object.entries(series).map(([metric, values]) => ({ series: metric, values })),
          promql_expr_test: Object.entries(fires).map(([time, names]) => ({
            expr: `count by (alertname) (ALERTS{alertstate="firing",alertname=~"${watch}"})`,
            eval_time: time,
            exp_samples: names.map(alert => ({ labels: `{alertname="${alert}"}`, value: 1 })),
          })),
        },
      ],
    };
    await writeFile(file, stringify(test));
    await run(promtool, ['test', 'rules', file]).catch((error: { stdout: string; stderr: string }) => {
      throw new Error(`${error.stdout}${error.stderr}`);
    });
  });
});
