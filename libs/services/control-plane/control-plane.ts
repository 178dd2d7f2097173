/**
 * How nodes find and trust the control plane: the URL they are told, and an authority of the installation's own that signs
 * the certificate behind it. The authority is made once; its key is sealed and kept with the settings. Every process, API
 * and worker, gets the same answer.
 */
import { isIP } from 'node:net';
import { BaykeeperError } from '@baykeeper/domain';
import type { ComputeDriver } from '@baykeeper/drivers';
import {
  createCertificateAuthority,
  createKeyAndCertificate,
  openAuthority,
  type AuthorityPems,
  type KeyVault,
  type SealedKey,
} from '@baykeeper/pki';
import type { SettingStore } from '@baykeeper/storage';

export interface ControlPlaneDependencies {
  readonly settings: SettingStore;
  readonly vault: KeyVault;
  readonly compute: Pick<ComputeDriver, 'hostAddress'>;
  /** As configured; null: this host, as its machines reach it. */
  readonly nodeUrl: string | null;
  readonly nodePort: number;
}

export interface ControlPlaneForNodes {
  /** Without a slash at its end. */
  readonly url: string;
  readonly caPem: string;
}

export interface ListenerIdentity {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

const SETTING = 'node-listener-authority';
const PLACE = { bayId: 'installation', purpose: 'node-listener' };
/** Nodes keep the authority's certificate for their whole life. */
const AUTHORITY_YEARS = 20;
/** The listener takes a new one every day. */
const CERTIFICATE_DAYS = 30;

interface StoredAuthority extends SealedKey {
  readonly certificatePem: string;
}

/**
 * What a node's boot files say about the control plane.
 * @throws BaykeeperError `invalid-input` when the URL can't be known and was not configured
 */
export async function controlPlaneForNodes(dependencies: ControlPlaneDependencies): Promise<ControlPlaneForNodes> {
  const url = await nodeUrlOf(dependencies);
  if (url === null) {
    throw new BaykeeperError({
      code: 'invalid-input',
      publicMessage: 'Nodes can not be told where the control plane is: set BAYKEEPER_NODE_URL.',
    });
  }
  return { url, caPem: await authorityCertificateOf(dependencies) };
}

/** A fresh key and certificate for the listener that nodes call, good for 30 days. */
export async function createListenerIdentity(dependencies: ControlPlaneDependencies): Promise<ListenerIdentity> {
  const [pems, url] = await Promise.all([ensureAuthority(dependencies), nodeUrlOf(dependencies)]);
  const names = new Set(['localhost', '127.0.0.1']);
  // The URL holds an IPv6 address in brackets, a certificate does not.
  if (url !== null) names.add(new URL(url).hostname.replace(/^\[(.*)\]$/, '$1'));
  const made = await createKeyAndCertificate({
    authority: openAuthority(pems),
    profile: {
      commonName: 'baykeeper-control-plane',
      organization: null,
      dnsNames: [...names].filter((name) => isIP(name) === 0),
      ipAddresses: [...names].filter((name) => isIP(name) !== 0),
      usages: ['server'],
      days: CERTIFICATE_DAYS,
    },
  });
  return { certificatePem: made.certificatePem, privateKeyPem: made.privateKeyPem };
}

async function nodeUrlOf({ nodeUrl, nodePort, compute }: ControlPlaneDependencies): Promise<string | null> {
  if (nodeUrl !== null) return nodeUrl;
  const address = await compute.hostAddress();
  return address === null ? null : `https://${address}:${nodePort}`;
}

/** The same for ever, so each process asks once; the key is read anew where it is needed. */
const knownCertificates = new WeakMap<SettingStore, Promise<string>>();

function authorityCertificateOf(dependencies: ControlPlaneDependencies): Promise<string> {
  const { settings } = dependencies;
  const known = knownCertificates.get(settings);
  if (known !== undefined) return known;
  const certificate = ensureAuthority(dependencies).then(({ certificatePem }) => certificatePem);
  knownCertificates.set(settings, certificate);
  certificate.catch(() => knownCertificates.delete(settings));
  return certificate;
}

/** The first process to come keeps its authority; others that made one in the same moment throw theirs away. */
async function ensureAuthority({ settings, vault }: ControlPlaneDependencies): Promise<AuthorityPems> {
  const text = await settings.ensure(SETTING, async () => {
    const made = await createCertificateAuthority({ commonName: 'Baykeeper control plane', years: AUTHORITY_YEARS });
    const mine: StoredAuthority = { certificatePem: made.certificatePem, ...vault.seal(made.privateKeyPem, PLACE) };
    return JSON.stringify(mine);
  });
  const stored = JSON.parse(text) as StoredAuthority;
  return { certificatePem: stored.certificatePem, privateKeyPem: vault.open(stored, PLACE) };
}
