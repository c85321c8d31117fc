import { createHmac, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { findSecret, type Provider } from '../../services/discovery/hooks/verify.ts';

const body = Buffer.from('{"object_kind":"tag_push","ref":"refs/tags/v1.0.0"}');
const key = randomBytes(32);
/** As GitLab makes them: 32 bytes, in base64. */
const signing = { name: 'signing', secret: `whsec_${key.toString('base64')}` };
const token = { name: 'token', secret: 'a secret token of GitLab' };

const find = (provider: Provider, headers: Record<string, string>, secrets = [signing, token], sent = body) =>
  findSecret(provider, secrets, headers, sent)?.name;

/** https://docs.gitlab.com/user/project/integrations/webhooks/: signature over `{webhook-id}.{webhook-timestamp}.{body}`. */
function signed(by: Buffer, id = 'b5d3', time = '1790000000', text = body): Record<string, string> {
  const signature = createHmac('sha256', by).update(`${id}.${time}.`).update(text).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': `v1,${signature}` };
}

describe('a webhook of GitLab', () => {
  test('is known by its signature, as the example of the Standard Webhooks is', () => {
    const headers = {
      'webhook-id': 'msg_loFOjxBNrRLzqYUf',
      'webhook-timestamp': '1731705121',
      'webhook-signature': 'v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=',
    };
    const secret = { name: 'example', secret: 'whsec_plJ3nmyCDGBKInavdOK15jsl' };
    const sent = Buffer.from('{"event_type":"ping","data":{"success":true}}');
    expect(find('gitlab', headers, [token, secret], sent)).toBe('example');
    expect(find('gitlab', signed(key))).toBe('signing');
  });

  test('may carry several signatures, of which one is right, while a token is replaced', () => {
    const old = signed(randomBytes(32))['webhook-signature'];
    const headers = signed(key);
    expect(find('gitlab', { ...headers, 'webhook-signature': `${old} ${headers['webhook-signature']}` })).toBe(
      'signing',
    );
    expect(find('gitlab', { ...headers, 'webhook-signature': `v1a,AAAA ${headers['webhook-signature']}` })).toBe(
      'signing',
    );
  });

  test('is known by its secret token, also beside a signature of a signing token that is not given here', () => {
    expect(find('gitlab', { 'x-gitlab-token': token.secret })).toBe('token');
    expect(find('gitlab', { ...signed(randomBytes(32)), 'x-gitlab-token': token.secret })).toBe('token');
  });

  test.each<[string, Record<string, string>]>([
    ['nothing that proves it', {}],
    ['a wrong token', { 'x-gitlab-token': `${token.secret}x` }],
    ['an empty token', { 'x-gitlab-token': '' }],
    ['a signature of another key', signed(randomBytes(32))],
    ['a signature of another body', signed(key, 'b5d3', '1790000000', Buffer.from('{}'))],
    ['another time than was signed', { ...signed(key), 'webhook-timestamp': '1790000001' }],
    ['another id than was signed', { ...signed(key), 'webhook-id': 'b5d4' }],
    ['a signature without id and time', { 'webhook-signature': signed(key)['webhook-signature'] ?? '' }],
    [
      'a signature without its version',
      { ...signed(key), 'webhook-signature': signed(key)['webhook-signature']?.slice(3) ?? '' },
    ],
    ['the signing token itself as a signature', { ...signed(key), 'webhook-signature': `v1,${signing.secret}` }],
  ])('with %s is none', (_, headers) => {
    expect(find('gitlab', headers)).toBeUndefined();
  });
});

describe('a webhook of GitHub or Gitea', () => {
  const hex = (secret: string) => createHmac('sha256', secret).update(body).digest('hex');

  test('is known by the signature of its body', () => {
    expect(find('github', { 'x-hub-signature-256': `sha256=${hex(token.secret)}` })).toBe('token');
    expect(find('gitea', { 'x-gitea-signature': hex(token.secret) })).toBe('token');
    expect(find('gitea', { 'x-forgejo-signature': hex(token.secret) })).toBe('token');
  });

  test('is not known by what another provider sends', () => {
    expect(find('github', { 'x-gitlab-token': token.secret })).toBeUndefined();
    expect(find('github', signed(key))).toBeUndefined();
    expect(find('gitea', { 'x-hub-signature-256': `sha256=${hex(token.secret)}` })).toBeUndefined();
    expect(find('gitlab', { 'x-gitea-signature': hex(token.secret) })).toBeUndefined();
  });
});
