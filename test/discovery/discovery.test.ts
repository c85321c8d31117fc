import { afterEach, describe, expect, test } from 'vitest';
import { hmac, moduleOf, openWorld, startIndex, until, type World } from './world.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function open(...args: Parameters<typeof openWorld>): Promise<World> {
  const world = await openWorld(...args);
  closers.push(() => world.close());
  return world;
}

async function index(entries: { module: string; version: string; time: string }[]) {
  const feed = await startIndex(entries);
  closers.push(() => feed.close());
  return feed;
}

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();

describe('an index feed', () => {
  test('is followed: what is in it is published, in pages, and what comes later as well', async () => {
    const modules = Array.from({ length: 7 }, (_, i) => moduleOf(`example.com/m${i}`, 'v1.0.0'));
    const feed = await index(
      modules.slice(0, 6).map(({ path, version }, i) => ({ module: path, version, time: at(i) })),
    );
    const world = await open(modules, { INDEX_FEEDS: feed.url, INDEX_SINCE: at(0) });
    for (const { path, version } of modules.slice(0, 6)) await world.untilPublished(path, version);
    feed.entries.push({ module: 'example.com/m6', version: 'v1.0.0', time: at(30) });
    await world.untilPublished('example.com/m6', 'v1.0.0');
  });

  test('goes on after a restart where it was, and asks again for nothing', async () => {
    const modules = [moduleOf('example.com/a', 'v1.0.0'), moduleOf('example.com/b', 'v1.0.0')];
    const feed = await index([{ module: 'example.com/a', version: 'v1.0.0', time: at(600) }]);
    const world = await open(modules, { INDEX_FEEDS: feed.url, INDEX_SINCE: at(0) });
    await world.untilPublished('example.com/a', 'v1.0.0');
    await world.restart();
    const asked = feed.asked.length;
    feed.entries.push({ module: 'example.com/b', version: 'v1.0.0', time: at(601) });
    await world.untilPublished('example.com/b', 'v1.0.0');
    expect(feed.asked.slice(asked).map(query => query.get('since'))).toEqual(expect.arrayContaining([at(540)]));
    expect(world.upstream.requests.count(/a\/@v\/v1\.0\.0\.zip$/)).toBe(1);
  });

  test('of known modules only brings their versions, of patterns those that they name, and of denied ones none', async () => {
    const names = ['example.com/kept', 'example.com/other', 'corp.example/x', 'example.com/denied'];
    const modules = names.map(name => moduleOf(name, 'v1.1.0'));
    const world = await open([
      ...modules,
      moduleOf('example.com/kept', 'v1.0.0'),
      moduleOf('example.com/last', 'v1.0.0'),
    ]);
    await fetch(`${world.proxy()}/example.com/kept/@v/v1.0.0.info`);
    const feed = await index(
      [...names, 'example.com/last'].map((module, i) => ({
        module,
        version: i < 4 ? 'v1.1.0' : 'v1.0.0',
        time: at(i),
      })),
    );
    const settings = { INDEX_MODULES: 'known,corp.example,example.com/last', DENY: 'example.com/denied' };
    await world.restart({ INDEX_FEEDS: feed.url, INDEX_SINCE: at(0), ...settings });
    await world.untilPublished('example.com/last', 'v1.0.0');
    await world.untilPublished('example.com/kept', 'v1.1.0');
    await world.untilPublished('corp.example/x', 'v1.1.0');
    expect(world.upstream.requests.count(/other|denied/)).toBe(0);
  });

  test('that fails is told of at readyz and read on when it works again', async () => {
    const feed = await index([{ module: 'example.com/a', version: 'v1.0.0', time: at(0) }]);
    feed.answerWith(500);
    const world = await open([moduleOf('example.com/a', 'v1.0.0')], { INDEX_FEEDS: feed.url, INDEX_SINCE: at(0) });
    const ready = async () => (await (await fetch(`${world.admin()}/readyz`)).json()) as Record<string, unknown>;
    await until('the failure is told', async () => /500/.test(String((await ready())[`index ${feed.url}/index`])));
    expect((await ready()).ready).toBe(true);
    feed.answerWith(200);
    await world.untilPublished('example.com/a', 'v1.0.0');
  });
});

describe('requirements', () => {
  const chain = [
    moduleOf('example.com/a', 'v1.0.0', ['example.com/b@v1.0.0']),
    moduleOf('example.com/b', 'v1.0.0', ['example.com/c@v1.0.0']),
    moduleOf('example.com/c', 'v1.0.0', ['example.com/d@v1.0.0']),
    moduleOf('example.com/d', 'v1.0.0'),
  ];

  test('are asked for in turn as deep as REQUIREMENTS_DEPTH says, and no deeper', async () => {
    const world = await open(chain, { REQUIREMENTS_DEPTH: '2' });
    await fetch(`${world.proxy()}/example.com/a/@v/v1.0.0.info`);
    await world.untilPublished('example.com/c', 'v1.0.0');
    await world.settled();
    expect(await world.isPublished('example.com/d', 'v1.0.0')).toBe(false);
  });

  test('are not asked for unless that is switched on', async () => {
    const world = await open(chain);
    await fetch(`${world.proxy()}/example.com/a/@v/v1.0.0.info`);
    await world.settled();
    expect(await world.isPublished('example.com/b', 'v1.0.0')).toBe(false);
  });
});

describe('new tags of known modules', () => {
  test('are found and published in the period, and old ones are left alone', async () => {
    const world = await open(['v1.0.0', 'v1.1.0'].map(version => moduleOf('example.com/a', version)));
    await fetch(`${world.proxy()}/example.com/a/@v/v1.1.0.info`);
    world.upstream.add(moduleOf('example.com/a', 'v1.2.0'), moduleOf('example.com/a', 'v1.3.0-rc.1'));
    await world.restart({ TAGS_PERIOD: '1s' });
    await world.untilPublished('example.com/a', 'v1.2.0');
    await world.settled();
    expect(await world.isPublished('example.com/a', 'v1.0.0')).toBe(false);
    expect(await world.isPublished('example.com/a', 'v1.3.0-rc.1')).toBe(false);
  });
});

describe('a webhook', () => {
  const secret = 'a secret of some length';
  const secrets = {
    github: [{ name: 'all', secret }],
    gitlab: [{ name: 'all', secret }],
    gitea: [{ name: 'corp', secret, modules: ['git.corp.example/team'] }],
  };
  const github = (world: World, payload: object, headers: Record<string, string> = {}) => {
    const body = JSON.stringify(payload);
    return fetch(`${world.hooks()}/hooks/github`, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        'x-github-event': 'create',
        'x-hub-signature-256': `sha256=${hmac(secret, body)}`,
        ...headers,
      },
    });
  };
  const made = (tag: string, name = 'corp/tool') => ({
    ref: tag,
    ref_type: 'tag',
    repository: { html_url: `https://github.com/${name}` },
  });

  test('makes a new tag downloadable at once, although it was told to be missing a moment ago', async () => {
    const world = await open([moduleOf('github.com/corp/tool', 'v1.0.0')], { NEGATIVE_TTL: '1h' }, secrets);
    const zip = `${world.proxy()}/github.com/corp/tool/@v/v1.1.0.zip`;
    expect((await fetch(zip)).status).toBe(404);
    world.upstream.add(moduleOf('github.com/corp/tool', 'v1.1.0'));
    expect((await fetch(zip)).status).toBe(404);
    const started = performance.now();
    const answer = await github(world, made('v1.1.0'));
    expect(answer.status).toBe(202);
    expect(await answer.json()).toMatchObject({
      versions: [{ module: 'github.com/corp/tool', version: 'v1.1.0', state: 'asked' }],
    });
    expect((await fetch(zip)).status).toBe(200);
    console.log(`webhook to downloadable: ${Math.round(performance.now() - started)} ms`);
  });

  test('makes a new version part of the list and the latest one at once, although both are in memory', async () => {
    const world = await open([moduleOf('github.com/corp/tool', 'v1.0.0')], { LIST_TTL: '1h' }, secrets);
    const asked = (proxy: string) => ({
      list: async () => (await fetch(`${proxy}/github.com/corp/tool/@v/list`)).text(),
      latest: async () =>
        ((await (await fetch(`${proxy}/github.com/corp/tool/@latest`)).json()) as { Version: string }).Version,
    });
    const here = asked(world.proxy());
    const elsewhere = asked(await world.anotherProxy());
    for (const proxy of [here, elsewhere, here, elsewhere]) {
      expect([await proxy.list(), await proxy.latest()]).toEqual(['v1.0.0\n', 'v1.0.0']);
    }
    world.upstream.add(moduleOf('github.com/corp/tool', 'v1.1.0'));
    expect((await github(world, made('v1.1.0'))).status).toBe(202);
    expect((await fetch(`${world.proxy()}/github.com/corp/tool/@v/v1.1.0.info`)).status).toBe(200);
    expect([await here.list(), await here.latest()]).toEqual(['v1.0.0\nv1.1.0\n', 'v1.1.0']);
    // Another process reads of it in the feed, which it looks at every second.
    await until('another proxy lists it', async () => (await elsewhere.list()) === 'v1.0.0\nv1.1.0\n');
    expect(await elsewhere.latest()).toBe('v1.1.0');
  });

  test('repeated or late asks for nothing that is here', async () => {
    const world = await open([moduleOf('github.com/corp/tool', 'v1.0.0')], {}, secrets);
    await github(world, made('v1.0.0'));
    await world.untilPublished('github.com/corp/tool', 'v1.0.0');
    for (const state of ['asked-before', 'asked-before']) {
      const answer = await github(world, made('v1.0.0'));
      expect([answer.status, ((await answer.json()) as { versions: unknown[] }).versions]).toEqual([
        200,
        [{ module: 'github.com/corp/tool', version: 'v1.0.0', state }],
      ]);
    }
    await world.restart();
    expect(await (await github(world, made('v1.0.0'))).json()).toMatchObject({ versions: [{ state: 'published' }] });
    expect(world.upstream.requests.count(/zip$/)).toBe(1);
  });

  test('that is forged, of another provider’s shape or too large is refused with the reason, and asks for nothing', async () => {
    const world = await open([moduleOf('github.com/corp/tool', 'v1.0.0')], {}, secrets);
    const forged = await github(world, made('v1.0.0'), { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` });
    expect([forged.status, await forged.text()]).toEqual([
      401,
      'unauthorized: the signature is missing or wrong: is the secret of the webhook the one here?\n',
    ]);
    const post = (path: string, body: string, headers: Record<string, string> = {}) =>
      fetch(`${world.hooks()}${path}`, { method: 'POST', body, headers });
    expect((await post('/hooks/github', JSON.stringify(made('v1.0.0')))).status).toBe(401);
    expect((await post('/hooks/gitlab', '{}', { 'x-gitlab-token': `${secret} ` })).status).toBe(200); // trimmed by HTTP
    expect((await post('/hooks/gitlab', '{}', { 'x-gitlab-token': `${secret}x` })).status).toBe(401);
    expect((await github(world, { ref_type: 'tag', ref: 'v1.0.0' })).status).toBe(400);
    expect((await github(world, [])).status).toBe(400);
    expect((await post('/hooks/github', 'x'.repeat(5 << 20))).status).toBe(413);
    expect((await post('/hooks/other', '{}')).status).toBe(404);
    expect((await fetch(`${world.hooks()}/hooks/github`)).status).toBe(405);
    const metrics = await (await fetch(`${world.admin()}/metrics`)).text();
    expect(metrics).toContain('gocenter_discovery_hooks_total{provider="github",outcome="unsigned"} 2');
    await world.settled();
    expect(world.upstream.requests.count()).toBe(0);
  });

  test('without any secret is not accepted', async () => {
    const world = await open([]);
    const answer = await github(world, made('v1.0.0'));
    expect([answer.status, await answer.text()]).toEqual([401, expect.stringContaining('HOOK_SECRETS_FILE')]);
  });

  test('may only speak for the modules of its secret', async () => {
    const modules = ['git.corp.example/team/a', 'git.corp.example/others/b'].map(path => moduleOf(path, 'v0.1.0'));
    const world = await open(modules, {}, secrets);
    const send = (name: string) => {
      const body = JSON.stringify({
        ref: 'refs/tags/v0.1.0',
        after: '1234567812345678123456781234567812345678',
        repository: { html_url: `https://git.corp.example/${name}` },
      });
      const headers = { 'x-gitea-event': 'push', 'x-gitea-signature': hmac(secret, body) };
      return fetch(`${world.hooks()}/hooks/gitea`, { method: 'POST', body, headers });
    };
    const refused = await send('others/b');
    expect([refused.status, await refused.text()]).toEqual([
      403,
      'refused: the secret corp is not for modules of git.corp.example/others/b\n',
    ]);
    expect((await send('team/a')).status).toBe(202);
    await world.untilPublished('git.corp.example/team/a', 'v0.1.0');
    expect(world.upstream.requests.count(/others/)).toBe(0);
  });

  test('of GitLab finds the module of a subgroup, below the root and of a later major version', async () => {
    const path = 'gitlab.example/group/sub/project/tool/v2';
    const world = await open([moduleOf(path, 'v2.1.0')], {}, secrets);
    const body = JSON.stringify({
      object_kind: 'tag_push',
      ref: 'refs/tags/tool/v2.1.0',
      after: '1234567812345678123456781234567812345678',
      project: { web_url: 'https://gitlab.example/group/sub/project' },
    });
    const headers = { 'x-gitlab-event': 'Tag Push Hook', 'x-gitlab-token': secret };
    const answer = await fetch(`${world.hooks()}/hooks/gitlab`, { method: 'POST', body, headers });
    expect(await answer.json()).toMatchObject({ versions: [{ module: path, version: 'v2.1.0', state: 'asked' }] });
    await world.untilPublished(path, 'v2.1.0');
  });

  test('finds the module of another path that is known to come from the repository', async () => {
    const modules = ['v1.0.0', 'v1.1.0'].map(version => moduleOf('corp.example/tool', version));
    const world = await open(modules, {}, secrets);
    await fetch(`${world.proxy()}/corp.example/tool/@v/v1.0.0.info`);
    await world.settled();
    // As the fixtures' .info names it.
    const event = { ...made('v1.1.0'), repository: { html_url: 'https://git.corp.example/tool' } };
    expect(await (await github(world, event)).json()).toMatchObject({
      versions: [{ module: 'corp.example/tool', version: 'v1.1.0', state: 'asked' }],
    });
    await world.untilPublished('corp.example/tool', 'v1.1.0');
  });
});
