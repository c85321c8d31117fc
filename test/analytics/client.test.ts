import { describe, expect, it } from 'vitest';
import { readClient } from '../../services/analytics/client.ts';

describe('a User-Agent', () => {
  it.each([
    ['Go-http-client/2.0', { client: 'go', clientVersion: '2.0', ci: false }],
    ['GoModuleMirror/1.0 (+https://proxy.golang.org)', { client: 'gomodulemirror', clientVersion: '1.0', ci: false }],
    ['Artifactory/7.98.4 79804900', { client: 'artifactory', clientVersion: '7.98.4', ci: false }],
    ['Mozilla/5.0 (X11; Linux x86_64)', { client: 'browser', clientVersion: '', ci: false }],
    ['curl/8.1', { client: 'curl', clientVersion: '8.1', ci: false }],
    ['renovate/39 (https://docs.renovatebot.com)', { client: 'other', clientVersion: '', ci: true }],
    ['constructor/1.0', { client: 'other', clientVersion: '', ci: false }],
    ['', { client: 'other', clientVersion: '', ci: false }],
    ['<script>alert(1)</script>', { client: 'other', clientVersion: '', ci: false }],
    ['x'.repeat(100_000), { client: 'other', clientVersion: '', ci: false }],
  ])('is read for the program, its version and CI: %s', (userAgent, expected) => {
    expect(readClient(userAgent)).toEqual(expected);
  });
});
