/** What a tenant gets to use a cluster: PEM files, a kubeconfig, and the same setting for each shell. */
import { stringify } from 'yaml';
import type { CredentialFile, CredentialFilesInput } from '../../contracts/engine.js';

/**
 * The settings name the directory that they lie in, so the folder may be moved, and sourced from anywhere. A bay's name is
 * letters, digits, `_`, `.` and `-`, and its address a URL of ours: neither needs quoting in any of the shells. The
 * kubeconfig holds all it needs, so it works alone too; other programs read `server:` by line from it.
 */
export function kubernetesCredentialFiles({
  bayName,
  apiAddress,
  tls,
}: CredentialFilesInput): readonly CredentialFile[] {
  const shown = (name: string, content: string): CredentialFile => ({ name, content, secret: false });
  const secret = (name: string, content: string): CredentialFile => ({ name, content, secret: true });
  return [
    ...(tls
      ? [
          shown('ca.pem', tls.ca),
          shown('cert.pem', tls.certificate),
          secret('key.pem', tls.key),
          secret('kubectl.config', kubeconfig(bayName, apiAddress, tls)),
        ]
      : []),
    shown('kubectl.env', posix(bayName)),
    shown('kubectl.fish', fish(bayName)),
    shown('kubectl.ps1', powershell(bayName)),
    shown('kubectl.cmd', cmd(bayName)),
    shown('README.md', readme(bayName, apiAddress)),
  ];
}

function kubeconfig(bayName: string, server: string, tls: NonNullable<CredentialFilesInput['tls']>): string {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': bayName,
      clusters: [{ name: bayName, cluster: { server, 'certificate-authority-data': base64(tls.ca) } }],
      contexts: [{ name: bayName, context: { cluster: bayName, user: bayName } }],
      users: [
        {
          name: bayName,
          user: { 'client-certificate-data': base64(tls.certificate), 'client-key-data': base64(tls.key) },
        },
      ],
    },
    { lineWidth: 0 },
  );
}

function posix(bayName: string): string {
  return `# Points kubectl at the bay ${bayName}: source kubectl.env
# Where this file is: bash and zsh know. In other shells, be in its directory.
if [ -n "\${BASH_SOURCE:-}" ]; then
  KUBECONFIG=$(CDPATH= cd -- "$(dirname -- "$BASH_SOURCE")" && pwd)/kubectl.config
elif [ -n "\${ZSH_VERSION:-}" ]; then
  KUBECONFIG=$(CDPATH= cd -- "$(eval 'dirname -- "\${(%):-%x}"')" && pwd)/kubectl.config
else
  KUBECONFIG=$(pwd)/kubectl.config
fi
export KUBECONFIG
[ -f "$KUBECONFIG" ] || echo "kubectl.env: there is no $KUBECONFIG: cd to where kubectl.env is, then source it again" >&2
export BAY_NAME=${bayName}
`;
}

function fish(bayName: string): string {
  return `# Points kubectl at the bay ${bayName}: source kubectl.fish
set -gx KUBECONFIG (realpath (dirname (status --current-filename)))/kubectl.config
set -gx BAY_NAME ${bayName}
`;
}

function powershell(bayName: string): string {
  return `# Points kubectl at the bay ${bayName}: . .\\kubectl.ps1
$env:KUBECONFIG = Join-Path (Split-Path -Parent $MyInvocation.MyCommand.Path) "kubectl.config"
$env:BAY_NAME = "${bayName}"
`;
}

/** Each line hides itself: `@echo off` would last in a script that calls this one. */
function cmd(bayName: string): string {
  return [
    `@rem Points kubectl at the bay ${bayName}: kubectl.cmd`,
    '@set "KUBECONFIG=%~dp0kubectl.config"',
    `@set BAY_NAME=${bayName}`,
    '',
  ].join('\r\n');
}

function readme(bayName: string, apiAddress: string): string {
  return `# Credentials of the bay ${bayName}

    source kubectl.env       (bash, zsh; in other POSIX shells: cd here first)
    source kubectl.fish      (fish)
    . .\\kubectl.ps1          (PowerShell)
    kubectl.cmd              (cmd.exe)

Then \`kubectl get nodes\` shows the bay's nodes. The API is ${apiAddress}. \`kubectl.config\` may also be used alone:
\`kubectl --kubeconfig kubectl.config get nodes\`.

\`key.pem\` and \`kubectl.config\` are yours alone: they were made for this download and are not kept by the server. Whoever has
them has your rights on the bay, so keep them as you keep a password. They end after a few days: download again then.

What the certificate may do is bound to its group, \`baykeeper:admins\`, \`baykeeper:editors\` or \`baykeeper:viewers\`. Deleting
the ClusterRoleBinding of that name takes it back from all who have it.
`;
}
