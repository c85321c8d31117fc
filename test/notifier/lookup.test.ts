import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, expect, it } from 'vitest';
import { createWebhookLookup } from '../../services/notifier/webhook/lookup.ts';

let server: Socket | undefined;
afterEach(() => {
  server?.close();
  server = undefined;
});

/** A name server on loopback that knows the address of every name; of type AAAA there is none. */
async function startNameServer() {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (query, { address, port }) => {
    const end = query.indexOf(0, 12) + 5;
    const question = query.subarray(12, end);
    const isA = question.readUInt16BE(question.length - 4) === 1;
    asked.push(
      question
        .subarray(0, -5)
        .toString('latin1')
        .replaceAll(/[\x00-\x1f]/g, '.')
        .slice(1),
    );
    const head = Buffer.concat([query.subarray(0, 2), Buffer.from([0x81, 0x80, 0, 1, 0, isA ? 1 : 0, 0, 0, 0, 0])]);
    const answer = Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 203, 0, 113, 7]);
    socket.send(Buffer.concat([head, question, ...(isA ? [answer] : [])]), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  server = socket;
  return { asked, address: `127.0.0.1:${socket.address().port}` };
}

it('the hosts of webhooks are asked of the name servers themselves, which costs no thread that others wait for', async () => {
  const { asked, address } = await startNameServer();
  const lookup = createWebhookLookup(['localhost:8443'], [address]);
  expect(await lookup('hooks.example', 443)).toEqual([{ address: '203.0.113.7', port: 443 }]);
  expect(asked).toContain('hooks.example');
});

it('what the operator has listed is asked of the system, which may be the only one that knows it', async () => {
  const { asked, address } = await startNameServer();
  const lookup = createWebhookLookup(['localhost:8443'], [address]);
  const found = await lookup('localhost', 8443);
  expect(found.map(({ port }) => port)).toEqual(found.map(() => 8443));
  expect(found.some(endpoint => /^(127\.|::1)/.test(endpoint.address))).toBe(true);
  expect(asked).toEqual([]);
});
