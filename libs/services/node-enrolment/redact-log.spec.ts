import fc from 'fast-check';
import { describe, expect, test } from '@jest/globals';
import { logTailOf, redactSecrets } from './redact-log.js';

describe('secrets in a log', () => {
  test.each([
    ["Swarm's join token", 'docker swarm join --token SWMTKN-1-abc123-def456 10.0.0.2:2377', 'SWMTKN'],
    ["Swarm's unlock key", 'unlock with SWMKEY-1-7c37Cc8654o6p38HnroywCi19pllOnGtbdZEgtKxZu8', '7c37'],
    ["Kubernetes' bootstrap token", 'kubeadm join --token abcdef.0123456789abcdef', '0123456789abcdef'],
    ['a header', 'curl -H "Authorization: Bearer k3y-of.mine~x"', 'k3y-of'],
    ['a variable', "BAYKEEPER_NODE_TOKEN='hunter2-hunter2'", 'hunter2'],
    ['JSON', '{"password": "hunter2"}', 'hunter2'],
    ["a URL's user", 'fetching https://ada:hunter2@registry.example/v2/', 'hunter2'],
    ['a private key', 'x\n-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----\ny', 'MHcCAQEE'],
    ['a private key that is cut', '-----BEGIN PRIVATE KEY-----\nMHcCAQEE\nAAA', 'MHcCAQEE'],
    ['the token the node was given', 'odd place: [tok3n]', 'tok3n'],
  ])('%s is taken out', (_what, log, secret) => {
    const redacted = redactSecrets(log, ['tok3n']);
    expect(redacted).not.toContain(secret);
    expect(redacted).toContain('[redacted]');
  });

  test('other text stays as it is', () => {
    const log = 'Error response from daemon: dial tcp 10.0.0.2:2377: connect: connection refused\n\tat 12:01:03.123';
    expect(redactSecrets(log, [])).toBe(log);
  });

  test('what would draw on a terminal goes', () => {
    expect(redactSecrets('\u001b[31mred\u0007\r\nnext\u009b2J', [])).toBe('[31mred\nnext2J');
  });

  test('any log takes little time', () => {
    fc.assert(
      fc.property(fc.constantFrom('token', 'a', '-----BEGIN ', '://', 'bearer ', 'x.', '= '), (piece) => {
        const start = performance.now();
        redactSecrets(piece.repeat(64 * 1_024), []);
        expect(performance.now() - start).toBeLessThan(1_000);
      }),
    );
  });
});

describe('the tail of a log', () => {
  test('is all of it when it is short', () => {
    expect(logTailOf('one\ntwo\n', [])).toBe('one\ntwo');
  });

  test('has at most 4 KiB and starts with a whole line', () => {
    const log = Array.from({ length: 1_000 }, (_, number) => `line ${number} é`).join('\n');
    const tail = logTailOf(log, []);
    expect(Buffer.byteLength(tail)).toBeLessThanOrEqual(4_096);
    expect(Buffer.byteLength(tail)).toBeGreaterThan(4_000);
    expect(tail).toMatch(/^line \d+ é\n/);
    expect(tail).toMatch(/\nline 999 é$/);
  });

  test('has at most 4 KiB of a single line, and no half characters', () => {
    const tail = logTailOf('é'.repeat(5_001), []);
    expect(Buffer.byteLength(tail)).toBeLessThanOrEqual(4_096);
    expect(tail).toMatch(/^é+$/);
    expect(logTailOf(`a${'é'.repeat(5_000)}b`, [])).toMatch(/^é+b$/);
  });

  test('shows no half of a secret that began before it', () => {
    const secret = `SWMTKN-1-${'a'.repeat(3_000)}`;
    expect(logTailOf(`${secret}${' word'.repeat(500)}`, [])).not.toContain('aaa');
  });
});
