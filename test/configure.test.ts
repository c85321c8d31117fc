import { describe, expect, it } from 'vitest';
import { configure } from '../services/configure.ts';

const quiet = { UPSTREAM: 'off', SUMDB: 'off' };

describe('the addresses that people are told', () => {
  it('follow the ports on this machine', async () => {
    const { config } = await configure({ ...quiet, PORT: '9001', UI_PORT: '9002' }, { fetches: true });
    expect(config.PROXY_PUBLIC_URL.href).toBe('http://localhost:9001/');
    expect(config.PUBLIC_URL.href).toBe('http://localhost:9002/');
  });

  it('are those that are given, whatever the ports', async () => {
    const { config } = await configure(
      { ...quiet, PORT: '9001', PROXY_PUBLIC_URL: 'https://go.corp.example' },
      { fetches: true },
    );
    expect(config.PROXY_PUBLIC_URL.href).toBe('https://go.corp.example/');
  });

  it('add no fault of their own to that of a bad port', async () => {
    await expect(configure({ ...quiet, PORT: 'x' }, { fetches: true })).rejects.toMatchObject({
      faults: ['PORT="x" must be a whole number from 0 to 65535'],
    });
  });
});

describe('a shell whose GOPROXY is this server', () => {
  const itself = { ...quiet, UPSTREAM: 'http://localhost:9001', PORT: '9001' };

  it('can start no processor, and is told what to do', async () => {
    await expect(configure(itself, { fetches: true })).rejects.toMatchObject({
      faults: ['UPSTREAM is this very server: unset GOPROXY in this shell, or give UPSTREAM'],
    });
  });

  it('can run what asks no origin, as commands do', async () => {
    await expect(configure(itself, { fetches: false })).resolves.toBeDefined();
  });
});
