/** Where containerd asks for images: each registry in a directory of its name (containerd, docs/hosts.md). */
import type { Bay, Labels } from '@baykeeper/domain';
import type { MachineFile } from '../../contracts/compute.js';
import type { Problem } from '../../contracts/engine.js';

/** `docker.io=https://mirror.example quay.io=…`: spaces between, as commas are between labels to Magnum's client. */
const MIRRORS_LABEL = 'registry_mirrors';
const MIRROR =
  /^([A-Za-z0-9][A-Za-z0-9.-]*(?::\d{1,5})?)=(https?:\/\/[A-Za-z0-9][A-Za-z0-9.-]*(?::\d{1,5})?(?:\/[A-Za-z0-9._~/-]*)?)$/;
/** Where a registry's images are is not always where its name says. */
const SERVERS: Readonly<Record<string, string>> = { 'docker.io': 'https://registry-1.docker.io' };

export function registryProblems(labels: Labels): readonly Problem[] {
  return wordsOf(labels).every((word) => MIRROR.test(word))
    ? []
    : [
        `Label ${MIRRORS_LABEL} must be registries and their mirrors, such as docker.io=https://mirror.example, with spaces between.`,
      ];
}

/** A mirror is asked first, one after the other, and the registry itself when none has the image. */
export function registryFiles({
  insecureRegistry,
  labels,
}: Pick<Bay, 'insecureRegistry' | 'labels'>): readonly MachineFile[] {
  const plain = new Set(
    (insecureRegistry ?? '')
      .split(',')
      .map((host) => host.trim())
      .filter(Boolean),
  );
  const mirrors = new Map<string, string[]>();
  for (const word of wordsOf(labels)) {
    const [, host, url] = MIRROR.exec(word) ?? [];
    if (host !== undefined && url !== undefined) mirrors.set(host, [...(mirrors.get(host) ?? []), url]);
  }
  return [...new Set([...mirrors.keys(), ...plain])].map((host) => {
    const isPlain = plain.has(host);
    const server = isPlain ? `http://${host}` : (SERVERS[host] ?? `https://${host}`);
    const parts = [
      `server = "${server}"\n`,
      ...(mirrors.get(host) ?? []).map(hostPart),
      ...(isPlain ? [`${hostPart(server)}  skip_verify = true\n`] : []),
    ];
    return { path: `/etc/containerd/certs.d/${host}/hosts.toml`, mode: 0o644, content: parts.join('\n') };
  });
}

function hostPart(url: string): string {
  return `[host."${url}"]\n  capabilities = ["pull", "resolve"]\n`;
}

function wordsOf(labels: Labels): readonly string[] {
  return (labels[MIRRORS_LABEL] ?? '').split(/\s+/).filter(Boolean);
}
