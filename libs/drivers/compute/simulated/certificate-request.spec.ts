import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { renderCertificateRequest } from './certificate-request.js';

/** What openssl says of a request; its exit code is 0 also for a signature that is wrong. */
function verify(pem: string, ...args: string[]): string {
  const { stdout, stderr } = spawnSync('openssl', ['req', '-verify', '-noout', ...args], {
    input: pem,
    encoding: 'utf8',
  });
  return `${stdout}${stderr}`;
}

describe('renderCertificateRequest', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  it('makes a request that openssl verifies, for the name and key given', () => {
    const pem = renderCertificateRequest('web-worker-0', publicKey, privateKey);
    expect(verify(pem)).toContain('verify OK');
    expect(verify(pem, '-subject')).toMatch(/CN ?= ?web-worker-0/);
    expect(verify(pem, '-pubkey')).toContain(publicKey.export({ type: 'spki', format: 'pem' }));
  });

  it('makes one that does not verify for a key that is not the signer’s', () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = renderCertificateRequest('web-worker-0', publicKey, other.privateKey);
    expect(verify(pem)).not.toContain('verify OK');
  });
});
