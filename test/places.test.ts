import { describe, expect, test } from 'vitest';
import { parseAnalytics, parseMessaging, parseStorage } from '../services/places.ts';

describe('STORAGE', () => {
  test.each([
    ['', { kind: 'files', folder: undefined }],
    ['file:/srv/modules', { kind: 'files', folder: '/srv/modules' }],
    ['gs://acme-go', { kind: 'gcs', base: 'acme-go', endpoint: '' }],
    ['gs://acme?endpoint=http://127.0.0.1:4443', { kind: 'gcs', base: 'acme', endpoint: 'http://127.0.0.1:4443' }],
  ])('%j is a place', (text, place) => expect(parseStorage(text)).toEqual(place));

  test.each(['acme', 'gs:acme', 'gs://', 'gs://Acme', 'gs://a/b', `gs://${'a'.repeat(53)}`, 's3://acme', 'file:'])(
    '%j is none, and what to write is said',
    text => expect(() => parseStorage(text)).toThrow(/^(must be file:<folder> or gs:\/\/<base>|needs a path after)/),
  );

  test.each(['https://storage.test', 'http://[::1]:4443'])('an endpoint may be %s', endpoint => {
    expect(parseStorage(`gs://acme?endpoint=${endpoint}`)).toMatchObject({ endpoint });
  });

  test.each([
    '127.0.0.1',
    'http://127.0.0.1:1&x=y',
    'http://127.0.0.1:1/',
    'http://u@127.0.0.1:1',
    'http://127.0.0.1:70000',
    'http://a b',
    'http://',
  ])('an endpoint has to be an address and no more: %s', endpoint => {
    expect(() => parseStorage(`gs://acme?endpoint=${endpoint}`)).toThrow('no address such as http://127.0.0.1:4443');
  });
});

describe('MESSAGING', () => {
  test.each([
    ['', { kind: 'sqlite', file: undefined }],
    ['sqlite:/srv/queue.db', { kind: 'sqlite', file: '/srv/queue.db' }],
    ['pubsub:acme-prod', { kind: 'pubsub', project: 'acme-prod', endpoint: '' }],
    ['pubsub:acme.example:go', { kind: 'pubsub', project: 'acme.example:go', endpoint: '' }],
    ['pubsub:acme?endpoint=localhost:8085', { kind: 'pubsub', project: 'acme', endpoint: 'localhost:8085' }],
  ])('%j is a place', (text, place) => expect(parseMessaging(text)).toEqual(place));

  test.each(['pubsub', 'pubsub:', 'pubsub:9', 'pubsub://acme', 'sqlite:', 'kafka:acme'])(
    '%j is none, and what to write is said',
    text =>
      expect(() => parseMessaging(text)).toThrow(/^(must be sqlite:<file> or pubsub:<project>|needs a path after)/),
  );

  test.each(['http://x', 'localhost', 'localhost:8085&x=y', 'x:1&y:2', 'u@x:1', 'localhost:70000'])(
    'an endpoint has to be a host and a port and no more: %s',
    endpoint => {
      expect(() => parseMessaging(`pubsub:acme?endpoint=${endpoint}`)).toThrow(
        'no host and port such as 127.0.0.1:8085',
      );
    },
  );
});

describe('ANALYTICS', () => {
  test.each([
    ['', { kind: 'duckdb', folder: undefined }],
    ['duckdb:/srv/downloads', { kind: 'duckdb', folder: '/srv/downloads' }],
    ['bigquery:acme-prod/gocenter', { kind: 'bigquery', project: 'acme-prod', dataset: 'gocenter', endpoint: '' }],
    [
      'bigquery:acme.example:go/d?endpoint=http://127.0.0.1:9050',
      { kind: 'bigquery', project: 'acme.example:go', dataset: 'd', endpoint: 'http://127.0.0.1:9050' },
    ],
  ])('%j is a place', (text, place) => expect(parseAnalytics(text)).toEqual(place));

  test.each([
    'bigquery',
    'bigquery:acme',
    'bigquery:acme/',
    'bigquery:acme/a-b',
    'bigquery:acme/a/b',
    'duckdb:',
    'duck',
  ])('%j is none, and what to write is said', text =>
    expect(() => parseAnalytics(text)).toThrow(
      /^(must be duckdb:<folder> or bigquery:<project>\/<dataset>|needs a path after)/,
    ),
  );

  test.each(['localhost:9050', 'http://localhost:9050&x=y'])('an endpoint has to be an address: %s', endpoint => {
    expect(() => parseAnalytics(`bigquery:acme/d?endpoint=${endpoint}`)).toThrow('no address such as http://');
  });
});
