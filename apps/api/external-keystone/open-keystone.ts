/** The other Keystone, if the configuration names one. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { BaykeeperError, type Log } from '@baykeeper/domain';
import type { Configuration } from '@baykeeper/platform';
import type { Database } from '@baykeeper/storage';
import { openExternalKeystone, type ExternalKeystone, type IdentitySettings } from '@baykeeper/tenancy';

/** @throws BaykeeperError `invalid-input` that says which setting to correct */
export async function openKeystone(
  configuration: Configuration,
  {
    database,
    log,
    ...sessions
  }: Pick<IdentitySettings, 'limiter' | 'onLogin'> & { readonly database: Database; readonly log: Log },
): Promise<ExternalKeystone | null> {
  const { keystoneUrl: url, keystonePassword: password, keystoneCaFile } = configuration;
  if (url === null) return null;
  const keystone = await openExternalKeystone({
    url,
    password: password ?? '',
    user: configuration.keystoneUser,
    userDomain: configuration.keystoneUserDomain,
    project: configuration.keystoneProject,
    projectDomain: configuration.keystoneProjectDomain,
    authorities: keystoneCaFile === null ? null : await readAuthorities(keystoneCaFile),
    timeoutMs: configuration.keystoneTimeoutSeconds * 1_000,
    cacheMs: configuration.keystoneCacheSeconds * 1_000,
    adminProject: { name: configuration.adminProject, domain: configuration.adminProjectDomain },
    ensureProject: (id) => database.stores.projects.ensureForeign(id),
    log,
    ...sessions,
  });
  log.info({ url }, 'tokens are validated at another Keystone');
  return keystone;
}

async function readAuthorities(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    const publicMessage = `BAYKEEPER_KEYSTONE_CA_FILE: ${file} can't be read. Correct the path, or who may read it.`;
    throw new BaykeeperError({ code: 'invalid-input', publicMessage, cause: error });
  });
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  const isReadable = certificates.length > 0 && certificates.every((pem) => canRead(pem));
  if (isReadable) return certificates.join('\n');
  throw new BaykeeperError({
    code: 'invalid-input',
    publicMessage: `BAYKEEPER_KEYSTONE_CA_FILE: ${file} ${
      certificates.length === 0 ? 'holds no certificate' : 'holds a certificate that is damaged, or none'
    } in PEM form. Give one or more of them, as openssl writes them.`,
  });
}

function canRead(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
