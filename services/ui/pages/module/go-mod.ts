import { html } from '../../html.ts';
import { asked, type Tab } from './tab.ts';

export const goModTab: Tab = async (visit, subject) => {
  const { text } = await visit.api.goMod(asked(subject), visit.caller);
  return html`
    <div>
      <pre class="file" tabindex="0" aria-label="go.mod">${text}</pre>
      <p class="quiet-text">
        As the <a href=${`${visit.proxyUrl}/${escaped(subject.module.module)}/@v/${escaped(subject.version.version)}.mod`}>proxy serves it</a>.
        What of it is outdated, retracted or vulnerable, the <a href="/doctor">go.mod doctor</a> tells.
      </p>
    </div>`;
};

/** As GOPROXY writes paths: `!` and a small letter for a capital one. */
const escaped = (text: string) => text.replaceAll(/[A-Z]/g, letter => `!${letter.toLowerCase()}`);
