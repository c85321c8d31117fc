import { html as bound } from 'htm/preact';
import { type ComponentChild, h, type VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';

/** What a part of a page is made of: an element, text, or nothing. Text is escaped when it is rendered. */
export type Html = ComponentChild;

/**
 * Markup with Preact's elements: html`<p class="lead">${text}</p>`. One element a template; parts of pages are plain
 * functions that give Html, so that what they are given is checked as types.
 */
export const html: (strings: TemplateStringsArray, ...values: unknown[]) => VNode = bound as (
  strings: TemplateStringsArray,
  ...values: unknown[]
) => VNode;

export const render = (page: VNode): string => `<!doctype html>${renderToString(page)}`;

/** Markup that is safe by itself: what the sanitiser let through, and nothing else. */
export const safe = (tag: string, attributes: Record<string, string>, markup: string): VNode =>
  h(tag, { ...attributes, dangerouslySetInnerHTML: { __html: markup } });
