/** A bay's proxies, as the programs of its nodes take them. */
import type { Bay } from '@baykeeper/domain';
import type { MachineFile } from '../contracts/compute.js';

export type BayProxies = Pick<Bay, 'httpProxy' | 'httpsProxy' | 'noProxy'>;

/**
 * Lines of a `[Service]` section. systemd takes `%` as its own sign and ends a quoted word at `"` (systemd.exec(5),
 * systemd.syntax(7)).
 */
export function systemdProxyLines(proxies: BayProxies): string {
  const variables: readonly (readonly [string, string | null])[] = [
    ['HTTP_PROXY', proxies.httpProxy],
    ['HTTPS_PROXY', proxies.httpsProxy],
    ['NO_PROXY', proxies.noProxy],
  ];
  return variables
    .flatMap(([name, value]) =>
      value === null ? [] : [`Environment="${name}=${quoted(value).replaceAll('%', '%%')}"\n`],
    )
    .join('');
}

/** For whoever installs packages on a node; hosts that need no proxy by their whole names alone (apt.conf(5)). */
export function aptProxyFiles({ httpProxy, httpsProxy, noProxy }: BayProxies): readonly MachineFile[] {
  const direct = (noProxy ?? '')
    .split(',')
    .map((host) => host.trim())
    .filter((host) => /^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(host));
  const lines = [['http', httpProxy] as const, ['https', httpsProxy] as const].flatMap(([scheme, proxy]) =>
    proxy === null
      ? []
      : [
          `Acquire::${scheme}::Proxy "${quoted(proxy)}";\n`,
          ...direct.map((host) => `Acquire::${scheme}::Proxy::${host} "DIRECT";\n`),
        ],
  );
  return lines.length === 0 ? [] : [{ path: '/etc/apt/apt.conf.d/80baykeeper', mode: 0o644, content: lines.join('') }];
}

function quoted(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}
