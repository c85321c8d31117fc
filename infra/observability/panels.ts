import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  type Dashboard,
  DashboardBuilder,
  DatasourceVariableBuilder,
  type Panel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** A line of a panel: PromQL, and what its legend says, with labels in double braces. */
export type Query = readonly [expr: string, legend: string];

export type Unit = 'short' | 's' | 'bytes' | 'Bps' | 'reqps' | 'percentunit' | 'cores' | 'd';

const datasource = { type: 'prometheus', uid: '$datasource' };
/** The dashboard's width is 24. */
const half = { w: 12, h: 8 };
const quarter = { w: 6, h: 4 };

const queries = (panel: readonly Query[], instant: boolean) =>
  panel.map(([expr, legend], index) => {
    const query = new DataqueryBuilder()
      .refId(String.fromCharCode(65 + index))
      .expr(expr)
      .legendFormat(legend);
    return instant ? query.instant() : query.range();
  });

/** How something went over time; half the width. `about` says what to make of it. */
export const graph = (title: string, about: string, unit: Unit, ...lines: Query[]): Builder<Panel> =>
  new TimeseriesBuilder()
    .title(title)
    .description(about)
    .datasource(datasource)
    .unit(unit)
    .min(0)
    .span(half.w)
    .height(half.h)
    .targets(queries(lines, false));

/** One number, now; a quarter of the width. */
export const number = (title: string, about: string, unit: Unit, expr: string): Builder<Panel> =>
  new StatBuilder()
    .title(title)
    .description(about)
    .datasource(datasource)
    .unit(unit)
    .span(quarter.w)
    .height(quarter.h)
    .targets(queries([[expr, '']], true));

/** `id` is the dashboard's address and file name: it stays the same for ever. */
export function dashboard(id: string, title: string, about: string, panels: Builder<Panel>[]): Dashboard {
  const builder = new DashboardBuilder(`GoCenter: ${title}`)
    .uid(`gocenter-${id}`)
    .description(about)
    .tags(['gocenter'])
    .time({ from: 'now-6h', to: 'now' })
    .refresh('1m')
    .timezone('browser')
    .readonly()
    .withVariable(new DatasourceVariableBuilder('datasource').type('prometheus').label('Prometheus'));
  for (const panel of panels) builder.withPanel(panel);
  return builder.build();
}
