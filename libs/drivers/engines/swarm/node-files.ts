/** What a node of a swarm is given beside the common files: dockerd's configuration, and the engine's part of the agent. */
import type { NodeFiles, NodeFilesInput } from '../../contracts/engine.js';
import { systemdProxyLines } from '../../bootstrap/proxy-files.js';
import { readTemplate } from '../../bootstrap/templates.js';
import { apiPortOf, TLS_DIRECTORY } from './swarm.config.js';

/** `hosts` in daemon.json and `-H` on the command line exclude each other, and packages ship a unit with `-H fd://`. */
const UNIT_DROP_IN = `[Service]
ExecStart=
ExecStart=/usr/bin/env dockerd --containerd=/run/containerd/containerd.sock
`;

/**
 * The packages' service requires their socket unit, which would listen in dockerd's place: whoever connects before
 * dockerd has made its own socket is never answered. So that unit gets a path that nobody uses.
 */
const SOCKET_DROP_IN = `[Socket]
ListenStream=
ListenStream=/run/docker-activation.sock
`;

export function swarmNodeFiles({ bay, node, nodeGroupName }: NodeFilesInput, templatesDirectory: string): NodeFiles {
  const serves = node.role === 'master';
  const needsCertificate = serves && !bay.tlsDisabled;
  const daemon = {
    hosts: ['unix:///run/docker.sock', ...(serves ? [`tcp://0.0.0.0:${String(apiPortOf(bay))}`] : [])],
    ...(serves && !bay.tlsDisabled
      ? {
          tlsverify: true,
          tlscacert: `${TLS_DIRECTORY}/ca.pem`,
          tlscert: `${TLS_DIRECTORY}/cert.pem`,
          tlskey: `${TLS_DIRECTORY}/key.pem`,
        }
      : {}),
    ...(serves && bay.tlsDisabled ? { tls: false } : {}),
    labels: [`bay=${bay.name}`, `nodegroup=${nodeGroupName}`],
    ...(bay.insecureRegistry === null ? {} : { 'insecure-registries': splitList(bay.insecureRegistry) }),
    'log-driver': 'json-file',
    'log-opts': { 'max-size': '10m', 'max-file': '3' },
  };
  return {
    environment: { SWARM_NEEDS_CERTIFICATE: needsCertificate ? '1' : '0' },
    files: [
      {
        path: '/usr/lib/baykeeper/engine.sh',
        mode: 0o644,
        content: readTemplate(templatesDirectory, 'swarm/engine.sh'),
      },
      { path: '/etc/docker/daemon.json', mode: 0o644, content: `${JSON.stringify(daemon, null, 2)}\n` },
      {
        path: '/etc/systemd/system/docker.service.d/baykeeper.conf',
        mode: 0o644,
        content: UNIT_DROP_IN + systemdProxyLines(bay),
      },
      { path: '/etc/systemd/system/docker.socket.d/baykeeper.conf', mode: 0o644, content: SOCKET_DROP_IN },
    ],
  };
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);
}
