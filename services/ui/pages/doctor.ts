import { asFault, statusOf } from '../../errors.ts';
import type { Answer } from '../../ui-backend/endpoints.ts';
import { count, counted } from '../format.ts';
import { type Html, html } from '../html.ts';
import { icon } from '../icons.ts';
import { includeLink, moduleLink } from '../links.ts';
import type { Page } from '../page.ts';
import { column, copyLine, notice, path, type Tone, tableOf, tag } from '../parts/common.ts';
import type { Visit } from '../visit.ts';

type Diagnosis = Answer<'doctor'>;
type Line = Diagnosis['lines'][number];
type Severity = Line['findings'][number]['severity'];

/** UTF-16 units of a file; a go.sum of the greatest projects has some hundred thousand. */
export const maxFile = 512 * 1024;
const maxShown = 1000;

/** The empty form, or what is wrong with `text`; a text that can't be read gets its fault beside the form. */
export async function doctorPage({ api, caller }: Visit, text?: string): Promise<Page> {
  const page = { title: 'go.mod doctor', section: '/doctor' as const };
  if (text === undefined) return { ...page, body: whole(form(''), undefined) };
  if (text.trim() === '') {
    const complaint = notice(
      'bad',
      'There is nothing to examine.',
      html`<p>Paste a go.mod or go.sum, or choose a file.</p>`,
    );
    return { ...page, status: statusOf.invalid, body: whole(form(''), complaint) };
  }
  try {
    const diagnosis = await api.doctor({ text }, caller);
    return { ...page, body: whole(form(text), result(diagnosis)) };
  } catch (error) {
    const { kind, message } = asFault(error);
    if (kind !== 'invalid') throw error;
    const complaint = notice('bad', 'This can’t be read as a go.mod or go.sum.', html`<p>${message}</p>`);
    return { ...page, status: statusOf.invalid, body: whole(form(text.slice(0, maxFile)), complaint) };
  }
}

const whole = (form: Html, result: Html): Html => html`
  <div class="stack">
    <header class="page-head">
      <h1>go.mod doctor</h1>
      <p class="lead">
        Give a go.mod or go.sum, and get for each line whether it is kept here, newer versions, retractions, deprecations,
        licences, vulnerabilities, and what to write instead. Nothing of it is kept.
      </p>
      <p class="quiet-text">
        “Newer” is what is kept here. That an origin has newer versions is known once discovery has looked
        (<code>TAGS_PERIOD</code>) or somebody has asked for them.
      </p>
    </header>
    ${result}
    ${form}
  </div>`;

const form = (text: string): Html => html`
  <form class="card doctor-form" method="post" action="/doctor" enctype="multipart/form-data">
    <label for="doctor-text">The text of a go.mod or go.sum</label>
    <textarea id="doctor-text" name="text" rows=${text === '' ? 12 : 8} spellcheck=${false} maxlength=${maxFile} placeholder=${example}>${text}</textarea>
    <div class="fields">
      <label class="file-field"><span>or a file</span><input type="file" name="file" /></label>
      <button class="button">Examine</button>
    </div>
  </form>`;

const example =
  'module example.com/service\n\ngo 1.24\n\nrequire (\n\tgithub.com/google/uuid v1.3.0\n\tgolang.org/x/text v0.14.0\n)\n';

const tones: Record<Severity, Tone> = { error: 'bad', warning: 'warn', notice: 'info' };
const order: Severity[] = ['error', 'warning', 'notice'];
const worst = ({ findings }: Line): number =>
  Math.min(order.length, ...findings.map(({ severity }) => order.indexOf(severity)));

function result(diagnosis: Diagnosis): Html {
  const { lines, findings, numbers, fix } = diagnosis;
  const sick = lines
    .filter(({ findings }) => findings.length > 0)
    .sort((a, b) => worst(a) - worst(b) || a.line - b.line);
  const well = lines.length - sick.length;
  return html`
    <section class="stack" aria-label="Diagnosis">
      <h2>${diagnosis.module === null ? `Your ${diagnosis.kind}` : path(diagnosis.module)}</h2>
      <dl class="numbers small">
        <div><dt>Lines</dt><dd>${count(lines.length)}</dd></div>
        <div><dt>Kept here</dt><dd>${count(numbers.published)}</dd></div>
        <div><dt>Not here</dt><dd>${count(numbers.absent)}</dd></div>
        <div><dt>Refused</dt><dd>${count(numbers.rejected)}</dd></div>
        ${numbers.vulnerable !== null && html`<div><dt>Vulnerable</dt><dd>${count(numbers.vulnerable)}</dd></div>`}
        <div><dt>Outdated</dt><dd>${count(numbers.outdated)}</dd></div>
      </dl>
      ${findings.map(({ line, severity, message }) => notice(tones[severity], line === null ? message : `Line ${line}: ${message}`))}
      ${
        fix !== '' &&
        html`<div><p class="use-label">All of it in one line:</p>${copyLine(fix, 'the command that mends it')}</div>`
      }
      ${sick.length > 0 && table(sick.slice(0, maxShown))}
      ${sick.length + findings.length === 0 && notice('good', well === 0 ? 'It requires nothing.' : 'Every line is well, as far as is kept here.')}
      ${sick.length > maxShown && html`<p class="quiet-text">and ${count(sick.length - maxShown)} more lines</p>`}
      ${well > 0 && sick.length > 0 && html`<p class="quiet-text">${icon('check')} ${counted(well, 'line')} without a finding</p>`}
      ${
        lines.length > 0 &&
        html`<details>
          <summary>Every line</summary>
          ${everyLine(lines.slice(0, maxShown))}
          ${lines.length > maxShown && html`<p class="quiet-text">and ${count(lines.length - maxShown)} more lines</p>`}
        </details>`
      }
    </section>`;
}

const standings = {
  published: tag('kept here', 'good'),
  rejected: tag('refused', 'bad'),
  absent: tag('not here', 'warn'),
} as const;

const includeIt = (module: string, version: string): Html => html`
  <a href=${includeLink(module, version)} aria-label=${`Include ${module} ${version}`}>Include it</a>`;

const everyLine = (lines: readonly Line[]): Html =>
  tableOf(
    'Every line',
    [column('Module'), column('Here'), column('Newest kept here'), column('Licence')],
    lines.map(
      ({ module, version, status, newest, licences }) => html`
        <tr>
          <th scope="row">
            <a href=${status === 'absent' ? includeLink(module, version) : moduleLink(module, version)}>${path(module)}</a>
            <span class="version"> ${version}</span>
          </th>
          <td>${standings[status]} ${status === 'absent' && includeIt(module, version)}</td>
          <td class="version">${newest ?? '–'}</td>
          <td>${licences.join(', ') || '–'}</td>
        </tr>`,
    ),
  );

const table = (lines: readonly Line[]): Html =>
  tableOf(
    'Findings',
    [column('Line'), column('Module'), column('Findings'), column('Write instead')],
    lines.map(
      line => html`
        <tr>
          <td class="quiet-text">${line.line}</td>
          <th scope="row">
            <a href=${line.status === 'absent' ? includeLink(line.module, line.version) : moduleLink(line.module, line.version)}>${path(line.module)}</a>
            <span class="version"> ${line.version}</span> ${line.indirect && tag('indirect')}
          </th>
          <td>
            <ul class="bare findings">
              ${line.findings.map(
                ({ kind, severity, message }) => html`
                  <li>
                    ${tag(kind, tones[severity])} ${message} ${kind === 'absent' && includeIt(line.module, line.version)}
                  </li>`,
              )}
            </ul>
          </td>
          <td>${line.instead !== null && html`<code>${line.instead}</code>`}</td>
        </tr>`,
    ),
    'doctor',
  );
