import { describe, expect, it } from '@jest/globals';
import { selectAptSettings, selectLines, selectStanzas } from './apt-sources.js';

describe('selectStanzas', () => {
  it('takes the suite with its updates and security fixes, and leaves the rest of the host’s sources', () => {
    const text = `# a comment
Types: deb deb-src
URIs: http://mirror.example/debian
# another
Suites: bookworm bookworm-updates bookworm-backports
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Types: deb
URIs: http://other.example/tools
Suites: stable
Components: main

Types: deb-src
URIs: http://mirror.example/debian
Suites: bookworm
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
`;
    expect(selectStanzas(text, 'bookworm')).toEqual([
      'types: deb\nuris: http://mirror.example/debian\nsuites: bookworm bookworm-updates\ncomponents: main\nsigned-by: /usr/share/keyrings/debian-archive-keyring.gpg\n',
      'types: deb\nuris: http://mirror.example/debian-security\nsuites: bookworm-security\ncomponents: main\n',
    ]);
  });

  it('keeps a key that is written into the stanza', () => {
    const key = ' -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n -----END PGP PUBLIC KEY BLOCK-----';
    const [stanza] = selectStanzas(`Types: deb\nURIs: http://a\nSuites: bookworm\nSigned-By:\n${key}\n`, 'bookworm');
    expect(stanza).toContain(`signed-by: \n${key}\n`);
  });
});

describe('selectLines', () => {
  it('gives the older form in the newer one', () => {
    const text = `# deb http://commented.example/debian bookworm main
deb-src http://mirror.example/debian bookworm main
deb [arch=amd64,arm64 signed-by=/etc/apt/keyrings/a=b.gpg lang=none] http://mirror.example/debian bookworm main contrib # why
deb http://other.example/debian trixie main
deb http://mirror.example/debian-security bookworm-security main`;
    expect(selectLines(text, 'bookworm')).toEqual([
      'types: deb\nuris: http://mirror.example/debian\nsuites: bookworm\ncomponents: main contrib\narchitectures: amd64 arm64\nsigned-by: /etc/apt/keyrings/a=b.gpg\n',
      'types: deb\nuris: http://mirror.example/debian-security\nsuites: bookworm-security\ncomponents: main\n',
    ]);
  });
});

describe('selectAptSettings', () => {
  it('takes what reaching a mirror needs and nothing that runs a command', () => {
    const dump = `APT::Architecture "amd64";
Acquire::http::Proxy "http://proxy.example:3128";
Acquire::https::CaInfo "/etc/ssl/own.pem";
Acquire::Check-Valid-Until "false";
Acquire::Changelogs::URI::Origin::Debian "https://x";
DPkg::Pre-Install-Pkgs:: "/usr/sbin/dpkg-preconfigure --apt || true";
APT::Update::Post-Invoke-Success:: "rm -rf /";
`;
    expect(selectAptSettings(dump)).toBe(`Acquire::http::Proxy "http://proxy.example:3128";
Acquire::https::CaInfo "/etc/ssl/own.pem";
Acquire::Check-Valid-Until "false";
Dir::Etc::netrc "/etc/apt/auth.conf";
Dir::Etc::netrcparts "/etc/apt/auth.conf.d";
`);
  });
});
