import { counted, short, when } from '../../format.ts';
import { type Html, html } from '../../html.ts';
import { icon } from '../../icons.ts';
import { compareLink, includeLink, moduleLink } from '../../links.ts';
import { copyLine, licenceTags, notice, path, tag } from '../../parts/common.ts';
import { type Subject, type TabName, tabLink, tabNames } from './tab.ts';

export function moduleHeader(subject: Subject): Html {
  const { module, version } = subject;
  const isPublished = version.status === 'published';
  const name = `${module.module}@${version.version}`;
  return html`
    <header class="module-head">
      <div class="module-title">
        <h1>${path(module.module)}</h1>
        <p class="tags">
          <span class="version-tag">${version.version}</span>
          ${version.version === version.newest && tag('newest', 'info')}
          ${isPublished ? tag('published', 'good') : tag(statusWord(version.status), 'bad')}
          ${isPublished && version.unreadable === null && licenceTags(version.licences)}
          ${module.kinds.includes('command') && tag('command')}
          ${version.time && html`<span class="quiet-text">${when(version.time)}</span>`}
        </p>
        ${version.synopsis !== '' && html`<p class="lead">${version.synopsis}</p>`}
      </div>
      ${isPublished && html`<div class="module-get">${copyLine(`go get ${name}`, `the line that adds ${name}`)}</div>`}
      ${notices(subject)}
    </header>`;
}

export const statusWord = (status: string): string => (status === 'missing' ? 'not found at its origin' : status);

function notices(subject: Subject): Html {
  const { module, version } = subject;
  const newest = version.newest;
  const higher = module.majors[0];
  const told: Html[] = [];
  if (version.status === 'missing') {
    told.push(
      notice(
        'warn',
        `No origin had ${version.version}.`,
        html`<p><a href=${includeLink(module.module, version.version)}>Ask for it again</a></p>`,
      ),
    );
  }
  if (version.unreadable !== null) {
    told.push(
      notice(
        'warn',
        'The content of this version can’t be shown.',
        html`<p>What is shown is of its go.mod: ${version.unreadable}.</p>`,
      ),
    );
  }
  if (version.vulnerabilities.length > 0) {
    const many = counted(version.vulnerabilities.length, 'known vulnerability', 'known vulnerabilities');
    told.push(
      notice(
        'bad',
        `This version has ${many}.`,
        html`<p>${version.vulnerabilities.slice(0, 5).join(', ')} · <a href=${tabLink(subject, 'security')}>What is affected, and the fix</a></p>`,
      ),
    );
  }
  if (version.retracted !== null) {
    const why = version.retracted;
    told.push(notice('warn', 'Its authors have retracted this version.', why !== '' && html`<p>${why}</p>`));
  }
  if (version.deprecated !== null) {
    told.push(notice('warn', 'This module is deprecated.', html`<p>${version.deprecated}</p>`));
  }
  if (version.version !== newest) {
    const isPublished = version.status === 'published';
    told.push(
      notice(
        'info',
        `The newest ${isPublished ? '' : 'published '}version is ${newest}.`,
        html`<p>
          <a href=${moduleLink(module.module)}>Go to it</a>
          ${isPublished && html`<span> or <a href=${compareLink(module.module, version.version, newest)}>compare</a></span>`}
        </p>`,
      ),
    );
  }
  if (higher !== undefined && higher.module !== module.module) {
    told.push(
      notice(
        'info',
        'There is a newer major version.',
        html`<p><a href=${moduleLink(higher.module)}>${path(higher.module)}</a> ${higher.newest}</p>`,
      ),
    );
  }
  return told.length > 0 && html`<div class="notices">${told}</div>`;
}

export function tabBar(subject: Subject, names: readonly TabName[], shown: TabName): Html {
  const { module, version } = subject;
  const figures: Partial<Record<TabName, Html>> = {
    versions: short(module.versions),
    packages: version.packages > 0 && short(version.packages),
    requirements: short(version.requirements),
    'used-by': short(module.usedBy),
    security: version.vulnerabilities.length > 0 && html`<span class="alert">${version.vulnerabilities.length}</span>`,
  };
  return html`
    <nav class="tabs" aria-label="About this module">
      <ul>
        ${names.map(name => {
          const figure = figures[name];
          return html`
            <li>
              <a href=${tabLink(subject, name)} aria-current=${name === shown ? 'page' : undefined}>
                ${tabNames[name]}${figure && html` <span class="figure">${figure}</span>`}
              </a>
            </li>`;
        })}
      </ul>
    </nav>`;
}

export const outLink = (href: string, text: Html): Html => html`
  <a href=${href} rel="noopener nofollow">${text}${icon('out', 'small')}</a>`;
