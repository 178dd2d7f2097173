/** Authorities that every node trusts besides its image's own, such as that of a registry or a proxy within a company. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { MachineFile } from '../contracts/compute.js';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * @param file PEM certificates, any number; null: none
 * @returns each by itself
 * @throws Error that names the file when it can't be read, has no certificate, or one that is not an authority's
 */
export async function readTrustedAuthorities(file: string | null): Promise<readonly string[]> {
  if (file === null) return [];
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new Error(`BAYKEEPER_NODE_CA_FILE names ${file}, which can't be read: correct the path.`, { cause: error });
  });
  const found = text.match(CERTIFICATE) ?? [];
  if (found.length === 0) throw new Error(`BAYKEEPER_NODE_CA_FILE names ${file}, which has no PEM certificate.`);
  for (const pem of found) {
    let certificate: X509Certificate;
    try {
      certificate = new X509Certificate(pem);
    } catch (error) {
      throw new Error(`BAYKEEPER_NODE_CA_FILE names ${file}, where a certificate is damaged.`, { cause: error });
    }
    const subject = certificate.subject.replaceAll('\n', ', ');
    if (!certificate.ca)
      throw new Error(
        `BAYKEEPER_NODE_CA_FILE names ${file}, where ${subject} is no authority's certificate: leave it out.`,
      );
  }
  return found.map((pem) => `${pem}\n`);
}

/** One file each: update-ca-certificates(8) takes the first certificate of a file alone. */
export function authorityFiles(authorities: readonly string[]): readonly MachineFile[] {
  return authorities.map((content, index) => ({
    path: `/usr/local/share/ca-certificates/baykeeper-${String(index + 1)}.crt`,
    ...{ mode: 0o644, content },
  }));
}
