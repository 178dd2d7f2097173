/** What a tenant gets to use a swarm: PEM files, and the same settings for each shell. */
import type { CredentialFile, CredentialFilesInput } from '../../contracts/engine.js';

export function swarmCredentialFiles({ bayName, apiAddress, tls }: CredentialFilesInput): readonly CredentialFile[] {
  const shown = (name: string, content: string): CredentialFile => ({ name, content, secret: false });
  return [
    ...(tls
      ? [
          shown('ca.pem', tls.ca),
          shown('cert.pem', tls.certificate),
          { name: 'key.pem', content: tls.key, secret: true },
        ]
      : []),
    shown('docker.env', posix(bayName, apiAddress, tls !== null)),
    shown('docker.fish', fish(bayName, apiAddress, tls !== null)),
    shown('docker.ps1', powershell(bayName, apiAddress, tls !== null)),
    shown('docker.cmd', cmd(bayName, apiAddress, tls !== null)),
    shown('README.md', readme(bayName, apiAddress, tls !== null)),
  ];
}

/** A bay's name is letters, digits, `_`, `.` and `-` (Magnum's rule), so it needs no quoting in any of these. */
function posix(bayName: string, apiAddress: string, tls: boolean): string {
  const where = `# Where this file is: bash and zsh know; other shells must be in its directory.
if [ -n "\${BASH_SOURCE:-}" ]; then
  _baykeeper_dir=$(cd "$(dirname "$BASH_SOURCE")" && pwd)
elif [ -n "\${ZSH_VERSION:-}" ]; then
  _baykeeper_dir=$(eval 'cd "$(dirname "\${(%):-%x}")" && pwd')
else
  _baykeeper_dir=$(pwd)
fi
export DOCKER_CERT_PATH="$_baykeeper_dir"
unset _baykeeper_dir
export DOCKER_TLS_VERIFY=1
`;
  return `# Points the Docker client at the bay ${bayName}: source docker.env
export DOCKER_HOST=${apiAddress}
${tls ? where : 'unset DOCKER_TLS_VERIFY DOCKER_CERT_PATH DOCKER_TLS\n'}export BAYKEEPER_BAY_NAME=${bayName}
# A context chosen earlier would win over DOCKER_HOST.
unset DOCKER_CONTEXT
`;
}

function fish(bayName: string, apiAddress: string, tls: boolean): string {
  return `# Points the Docker client at the bay ${bayName}: source docker.fish
set -gx DOCKER_HOST ${apiAddress}
${tls ? 'set -gx DOCKER_CERT_PATH (cd (dirname (status --current-filename)); and pwd)\nset -gx DOCKER_TLS_VERIFY 1\n' : 'set -e DOCKER_TLS_VERIFY\nset -e DOCKER_CERT_PATH\n'}set -gx BAYKEEPER_BAY_NAME ${bayName}
set -e DOCKER_CONTEXT
`;
}

function powershell(bayName: string, apiAddress: string, tls: boolean): string {
  return `# Points the Docker client at the bay ${bayName}: . .\\docker.ps1
$env:DOCKER_HOST = "${apiAddress}"
${tls ? '$env:DOCKER_CERT_PATH = Split-Path -Parent $MyInvocation.MyCommand.Path\n$env:DOCKER_TLS_VERIFY = "1"\n' : 'Remove-Item Env:DOCKER_TLS_VERIFY, Env:DOCKER_CERT_PATH -ErrorAction SilentlyContinue\n'}$env:BAYKEEPER_BAY_NAME = "${bayName}"
Remove-Item Env:DOCKER_CONTEXT -ErrorAction SilentlyContinue
`;
}

function cmd(bayName: string, apiAddress: string, tls: boolean): string {
  const lines = [
    '@echo off',
    `rem Points the Docker client at the bay ${bayName}: docker.cmd`,
    `set DOCKER_HOST=${apiAddress}`,
    ...(tls
      ? ['set DOCKER_CERT_PATH=%~dp0', 'set DOCKER_TLS_VERIFY=1']
      : ['set DOCKER_CERT_PATH=', 'set DOCKER_TLS_VERIFY=']),
    `set BAYKEEPER_BAY_NAME=${bayName}`,
    'set DOCKER_CONTEXT=',
  ];
  return `${lines.join('\r\n')}\r\n`;
}

function readme(bayName: string, apiAddress: string, tls: boolean): string {
  return `# Credentials of the bay ${bayName}

    source docker.env        (bash, zsh; other POSIX shells: cd here first)
    source docker.fish       (fish)
    . .\\docker.ps1           (PowerShell)
    docker.cmd               (cmd.exe)

Then \`docker node ls\` shows the bay's nodes. The API is ${apiAddress}.
${
  tls
    ? `
\`key.pem\` is yours alone: it was made for this download and is not kept by the server. Whoever has it can do anything on
the bay, so keep it as you keep a password. Download again for another person or when the certificate expires.
`
    : `
This bay has no TLS: whoever reaches the address can do anything on it.
`
}`;
}
