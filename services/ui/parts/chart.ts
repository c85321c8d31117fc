import { count, day } from '../format.ts';
import { type Html, html } from '../html.ts';
import { column, number, tableOf } from './common.ts';

interface Day {
  day: string;
  all: number;
  people: number;
}

const width = 1104;
const height = 240;
/** For the axis, which stands where the newest days are: there the chart is seen first where it is wider than the screen. */
const right = 56;
const bottom = 24;
const top = 10;

/** Downloads by day: all of them behind those of people. The numbers are in a table below. */
export function downloadsChart(days: readonly Day[]): Html {
  const most = Math.max(...days.map(({ all }) => all), 1);
  const { step, end } = scale(most);
  const plot = { width: width - right, height: height - bottom - top };
  const slot = plot.width / days.length;
  const bar = Math.max(1, slot * 0.72);
  const y = (value: number) => top + plot.height * (1 - value / end);
  const lines = Array.from({ length: Math.round(end / step) + 1 }, (_, index) => index * step);
  const labelled = Math.max(1, Math.ceil(days.length / 6));
  const summary = `Downloads a day from ${day(days[0]?.day ?? '')} to ${day(days.at(-1)?.day ?? '')}, at most ${count(most)}`;
  return html`
    <figure class="chart">
      <figcaption class="legend">
        <span class="key people">people</span><span class="key all">mirrors and CI</span>
      </figcaption>
      <div class="scroll from-end" role="region" aria-label="Chart of downloads" tabindex="0">
        <svg viewBox=${`0 0 ${width} ${height}`} width=${width} height=${height} role="img" aria-label=${summary}>
          ${lines.map(
            value => html`
              <g>
                <line class="grid" x1="0" x2=${plot.width} y1=${y(value)} y2=${y(value)} />
                <text class="axis" x=${plot.width + 8} y=${y(value) + 4}>${count(value)}</text>
              </g>`,
          )}
          ${days.map(({ day: date, all, people }, index) => {
            const x = index * slot + (slot - bar) / 2;
            return html`
              <g>
                <title>${`${day(date)}: ${count(people)} by people, ${count(all)} in all`}</title>
                <rect class="hit" x=${round(index * slot)} y=${top} width=${round(slot)} height=${plot.height} />
                <rect class="bar all" x=${round(x)} y=${round(y(all))} width=${round(bar)} height=${round(y(0) - y(all))} />
                <rect class="bar people" x=${round(x)} y=${round(y(people))} width=${round(bar)} height=${round(y(0) - y(people))} />
                ${
                  index % labelled === 0 &&
                  html`<text class="axis" x=${round(x)} y=${height - 6}>${day(date).replace(/ \d{4}$/, '')}</text>`
                }
              </g>`;
          })}
        </svg>
      </div>
      <details>
        <summary>The numbers as a table</summary>
        ${tableOf(
          'Downloads by day',
          [column('Day'), number('By people'), number('In all')],
          [...days].reverse().map(
            item => html`
              <tr><th scope="row">${day(item.day)}</th><td class="number">${count(item.people)}</td><td class="number">${count(item.all)}</td></tr>`,
          ),
        )}
      </details>
    </figure>`;
}

const round = (value: number) => Math.round(value * 10) / 10;

/** Steps of 1, 2 or 5 times a power of ten, five at most, and the first that is not below `most`. */
function scale(most: number): { step: number; end: number } {
  const power = 10 ** Math.floor(Math.log10(Math.max(most, 1) / 4 || 1));
  const unit = Math.max(1, power);
  const step = [1, 2, 5, 10].map(factor => factor * unit).find(step => most / step <= 5) ?? 10 * unit;
  return { step, end: Math.ceil(most / step) * step };
}
