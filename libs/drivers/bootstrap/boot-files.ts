import type { Bay, Node } from '@baykeeper/domain';
import type { MachineFile } from '../contracts/compute.js';
import type { NodeFiles } from '../contracts/engine.js';
import { renderEnvironmentFile } from './environment-file.js';
import { aptProxyFiles } from './proxy-files.js';
import { readTemplate } from './templates.js';
import { authorityFiles } from './trusted-authorities.js';

export interface BootFilesInput {
  readonly bay: Bay;
  readonly node: Node;
  readonly nodeGroupName: string;
  readonly controlPlane: { readonly url: string; readonly caPem: string };
  /** Single use: bound to the first key that the node shows with it. */
  readonly enrolmentToken: string;
  /** The bay's owner logs in with it; null: nobody does. */
  readonly sshPublicKey: string | null;
  /** PEM certificates of authorities that the node trusts besides its image's. */
  readonly trustedAuthorities?: readonly string[];
  readonly engine: NodeFiles;
  readonly templatesDirectory: string;
}

const AUTHORIZED_KEYS = '/root/.ssh/authorized_keys';
const AGENT = '/usr/lib/baykeeper/agent.sh';

/** Everything a machine finds at its first boot, and what it runs. The same on a VM, bare metal and a container. */
export function bootFiles(input: BootFilesInput): {
  readonly files: readonly MachineFile[];
  readonly bootCommand: string;
} {
  const { bay, node, controlPlane, engine } = input;
  const environment = renderEnvironmentFile({
    BAYKEEPER_URL: controlPlane.url,
    BAYKEEPER_NODE_ID: node.id,
    BAYKEEPER_NODE_NAME: node.name,
    BAYKEEPER_NODE_TOKEN: input.enrolmentToken,
    BAYKEEPER_NODE_ROLE: node.role,
    BAYKEEPER_NODE_GROUP: input.nodeGroupName,
    BAYKEEPER_BAY_ID: bay.id,
    BAYKEEPER_BAY_NAME: bay.name,
    BAYKEEPER_ENGINE: bay.engine,
    BAYKEEPER_TLS_DISABLED: bay.tlsDisabled ? '1' : '0',
    ...engine.environment,
  });
  return {
    bootCommand: AGENT,
    files: [
      { path: '/etc/baykeeper/node.env', mode: 0o600, content: environment },
      { path: '/etc/baykeeper/control-plane-ca.pem', mode: 0o644, content: controlPlane.caPem },
      { path: AGENT, mode: 0o755, content: readTemplate(input.templatesDirectory, 'node/agent.sh') },
      // OpenSSH takes it where a server of it runs; cloud-init's own default user is not everywhere.
      ...(input.sshPublicKey === null
        ? []
        : [{ path: AUTHORIZED_KEYS, mode: 0o600, content: `${input.sshPublicKey}\n` }]),
      ...authorityFiles(input.trustedAuthorities ?? []),
      ...aptProxyFiles(bay),
      ...engine.files,
    ],
  };
}
