/** What a tenant gets to use a swarm: PEM files, and the same settings for each shell. */
import type { CredentialFile, CredentialFilesInput } from '../../contracts/engine.js';

/**
 * The settings name the directory that they lie in, so the folder may be moved, and sourced from anywhere. A bay's name
 * is letters, digits, `_`, `.` and `-`, and its address a URL of ours: neither needs quoting in any of the shells. Other
 * programs read `DOCKER_HOST=` by line from the `.env` file.
 */
export function swarmCredentialFiles({ bayName, apiAddress, tls }: CredentialFilesInput): readonly CredentialFile[] {
  const shown = (name: string, content: string): CredentialFile => ({ name, content, secret: false });
  const settings = { bayName, apiAddress, tls: tls !== null };
  return [
    ...(tls
      ? [
          shown('ca.pem', tls.ca),
          shown('cert.pem', tls.certificate),
          { name: 'key.pem', content: tls.key, secret: true },
        ]
      : []),
    shown('docker.env', posix(settings)),
    shown('docker.fish', fish(settings)),
    shown('docker.ps1', powershell(settings)),
    shown('docker.cmd', cmd(settings)),
    shown('README.md', readme(settings)),
  ];
}

interface Settings {
  readonly bayName: string;
  readonly apiAddress: string;
  readonly tls: boolean;
}

/** A file that is sourced in a plain POSIX shell can't find out where it is. */
const POSIX_TLS = `# Where this file is: bash and zsh know. In other shells, be in its directory.
if [ -n "\${BASH_SOURCE:-}" ]; then
  DOCKER_CERT_PATH=$(CDPATH= cd -- "$(dirname -- "$BASH_SOURCE")" && pwd)
elif [ -n "\${ZSH_VERSION:-}" ]; then
  DOCKER_CERT_PATH=$(CDPATH= cd -- "$(eval 'dirname -- "\${(%):-%x}"')" && pwd)
else
  DOCKER_CERT_PATH=$(pwd)
fi
export DOCKER_CERT_PATH
[ -f "$DOCKER_CERT_PATH/key.pem" ] || echo "docker.env: there is no key.pem in $DOCKER_CERT_PATH: cd to where docker.env is, then source it again" >&2
export DOCKER_TLS_VERIFY=1
`;

function posix({ bayName, apiAddress, tls }: Settings): string {
  return `# Points the Docker client at the bay ${bayName}: source docker.env
export DOCKER_HOST=${apiAddress}
${tls ? POSIX_TLS : 'unset DOCKER_TLS_VERIFY DOCKER_CERT_PATH DOCKER_TLS\n'}# A context chosen earlier would win over DOCKER_HOST.
unset DOCKER_CONTEXT
export BAY_NAME=${bayName}
`;
}

function fish({ bayName, apiAddress, tls }: Settings): string {
  const certificates = tls
    ? 'set -gx DOCKER_CERT_PATH (realpath (dirname (status --current-filename)))\nset -gx DOCKER_TLS_VERIFY 1\n'
    : 'set -e DOCKER_TLS_VERIFY\nset -e DOCKER_CERT_PATH\nset -e DOCKER_TLS\n';
  return `# Points the Docker client at the bay ${bayName}: source docker.fish
set -gx DOCKER_HOST ${apiAddress}
${certificates}set -e DOCKER_CONTEXT
set -gx BAY_NAME ${bayName}
`;
}

function powershell({ bayName, apiAddress, tls }: Settings): string {
  const certificates = tls
    ? '$env:DOCKER_CERT_PATH = Split-Path -Parent $MyInvocation.MyCommand.Path\n$env:DOCKER_TLS_VERIFY = "1"\n'
    : 'Remove-Item Env:DOCKER_TLS_VERIFY, Env:DOCKER_CERT_PATH, Env:DOCKER_TLS -ErrorAction SilentlyContinue\n';
  return `# Points the Docker client at the bay ${bayName}: . .\\docker.ps1
$env:DOCKER_HOST = "${apiAddress}"
${certificates}Remove-Item Env:DOCKER_CONTEXT -ErrorAction SilentlyContinue
$env:BAY_NAME = "${bayName}"
`;
}

/** Each line hides itself: `@echo off` would last in a script that calls this one. */
function cmd({ bayName, apiAddress, tls }: Settings): string {
  const lines = [
    `@rem Points the Docker client at the bay ${bayName}: docker.cmd`,
    `@set DOCKER_HOST=${apiAddress}`,
    ...(tls
      ? ['@set "DOCKER_CERT_PATH=%~dp0"', '@set DOCKER_TLS_VERIFY=1']
      : ['@set DOCKER_CERT_PATH=', '@set DOCKER_TLS_VERIFY=', '@set DOCKER_TLS=']),
    '@set DOCKER_CONTEXT=',
    `@set BAY_NAME=${bayName}`,
  ];
  return `${lines.join('\r\n')}\r\n`;
}

function readme({ bayName, apiAddress, tls }: Settings): string {
  const trust = tls
    ? `\`key.pem\` is yours alone: it was made for this download and is not kept by the server. Whoever has it can do anything on
the bay, so keep it as you keep a password. Download again for another person, or when the certificate expires.`
    : 'This bay has no TLS: whoever reaches the address can do anything on it.';
  return `# Credentials of the bay ${bayName}

    source docker.env        (bash, zsh; in other POSIX shells: cd here first)
    source docker.fish       (fish)
    . .\\docker.ps1           (PowerShell)
    docker.cmd               (cmd.exe)

Then \`docker node ls\` shows the bay's nodes. The API is ${apiAddress}.

${trust}
`;
}
